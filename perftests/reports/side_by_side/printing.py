"""Runs side by side for people at a terminal: first what forbids or explains, then what changed."""

from collections.abc import Iterable, Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...measure.units import format_value
from ..console import abridged, print_list, verdict_text
from ..verdict import headline
from .changes import Change
from .comparison import Comparison, run_name
from .conditions import speed

SHOWN_CHANGES = 15
"""So that what differs, and both lists, are one screen."""

NOISE = gettext_lazy(
    "No verdict on times: two runs of the same code often differ by more than 15 %."
)


def print_comparison(comparison: Comparison, console: Console, *, detail: bool) -> None:
    """What differs and what follows from it, then what changed; with `detail` all of that."""
    for report in comparison.reports:
        console.print(headline(report))
    console.print(_conditions(comparison))
    if said := caution(comparison):
        console.print(Text(said, style="bold"))
    print_list("Not compared", _left_out(comparison, detail), console)
    print_list("Verdicts that differ", _verdicts(comparison), console)
    _print_counts(comparison, console, detail)
    _print_measured(comparison, console, detail)


def caution(comparison: Comparison) -> str:
    """What can be concluded from times, sizes and ratios, which is little."""
    if not comparison.measured:
        return "" if comparison.counts else _("Nothing can be compared.")
    if others := comparison.forbidding:
        return _(
            "No conclusion from times, sizes and ratios, as these are not the same: {others}. "
            "Counts can be compared."
        ).format(others=", ".join(others))
    if commit := comparison.same_code:
        return _(
            "All are of commit {commit}, under the same conditions: whatever changed is noise and "
            "not code."
        ).format(commit=commit[:7])
    git = comparison.reports[0].environment.get("git")
    if git and not git["dirty"]:
        better = _("perf --against {commit} measures both versions in turns.")
        return f"{NOISE} {better.format(commit=git['commit'][:12])}"
    return str(NOISE)


def _conditions(comparison: Comparison) -> Table:
    table = Table("Differs", *map(run_name, comparison.reports), box=SIMPLE_HEAD, pad_edge=False)
    for condition in (*comparison.conditions, *speed(comparison.reports)):
        table.add_row(*map(Text, (condition.name, *condition.texts)))
    return table


def _left_out(comparison: Comparison, detail: bool) -> Iterator[tuple[Text, ...]]:
    names: dict[str, dict[str, None]] = {}
    for left_out in comparison.left_out:
        names.setdefault(left_out.why, {})[left_out.name] = None
    for why, having in names.items():
        yield Text(why), Text(", ".join(having) if detail else abridged(list(having)))


def _verdicts(comparison: Comparison) -> Iterator[tuple[Text, ...]]:
    for results in comparison.verdicts:
        yield Text(results[0].row), Text(results[0].title), *map(verdict_text, results)


def _print_counts(comparison: Comparison, console: Console, detail: bool) -> None:
    changed = [change for change in comparison.counts if change.effect]
    same = len(comparison.counts) - len(changed)
    if changed:
        console.print(_table("Counted", comparison, changed, detail))
        _print_hidden(changed, console, detail)
    if same:
        console.print()
        console.print(Text(f"{same} {'other ' if changed else ''}counts are the same."))


def _print_measured(comparison: Comparison, console: Console, detail: bool) -> None:
    if measured := comparison.measured:
        console.print(_table("Measured", comparison, measured, detail))
        _print_hidden(measured, console, detail)


def _table(title: str, comparison: Comparison, changes: Sequence[Change], detail: bool) -> Table:
    table = Table("", title, box=SIMPLE_HEAD, pad_edge=False)
    for name in (*map(run_name, comparison.reports), "change"):
        table.add_column(name, justify="right")
    for change in changes if detail else changes[:SHOWN_CHANGES]:
        table.add_row(Text(change.row), _name(change), *_values(change), change.text)
    return table


def _name(change: Change) -> Text:
    return Text(change.name).append(f", {change.unit}" if change.unit else "", style="dim")


def _values(change: Change) -> Iterable[str]:
    """Without the unit, which stands beside the name."""
    for value in change.values:
        yield format_value(value, change.unit).removesuffix(change.unit).rstrip()


def _print_hidden(changes: Sequence[Change], console: Console, detail: bool) -> None:
    hidden = 0 if detail else len(changes[SHOWN_CHANGES:])
    if hidden:
        console.print(Text(f"{hidden} more changed less: --verbose shows them.", style="dim"))

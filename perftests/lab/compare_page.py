"""The page of several runs side by side: first what differs between the machines, then effects."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import store
from ..exceptions import PerftestsError
from ..measure.units import format_value
from ..models import PerfRun
from ..records import targets
from ..reports.side_by_side.changes import Change
from ..reports.side_by_side.comparison import Comparison, compare
from ..reports.side_by_side.conditions import Condition, speed
from ..reports.side_by_side.effects import NOISE, Effect, Told, effects
from ..reports.side_by_side.printing import caution
from . import chosen, curves, paired_page, showing
from .drawings.forest import Forest, ForestLine, Shown

MOST_RUNS = 5
"""Side by side: nothing draws more lines at once."""

WORDS = {
    Told.HIGHER: gettext_lazy("higher"),
    Told.LOWER: gettext_lazy("lower"),
    Told.UNCLEAR: gettext_lazy("can't tell"),
}

OPEN_LINES = 20
"""The largest effects; all of them are on a page that takes longer."""


def page(asked: QueryDict) -> dict[str, Any]:
    """What the template needs; raises `PerftestsError` for runs that cannot be compared."""
    runs = chosen.runs(asked, fewest=1, most=MOST_RUNS)
    if len(runs) > 1 and not any(map(compares_versions, runs)):
        return _context(runs, asked.get("test", ""), shown=None if "all" in asked else OPEN_LINES)
    if len(runs) == 1 and compares_versions(runs[0]):
        return paired_page.context(runs[0])
    raise PerftestsError(
        _("Choose two runs or more; one that was measured with --against is looked at alone.")
    )


def compares_versions(run: PerfRun) -> bool:
    """Whether its numbers are of two versions, measured in pairs."""
    return "against" in run.parameters


def _context(runs: Sequence[PerfRun], test: str, shown: int | None) -> dict[str, Any]:
    comparison = compare([store.readable(run) for run in runs])
    found = [(change, list(effects(change))) for change in comparison.measured]
    forest = Forest.around((each.ratio for _change, drawn in found for each in drawn), NOISE)
    alike = not comparison.forbidding
    lines = [_line(change, drawn, forest, alike=alike) for change, drawn in found[:shown]]
    return {
        "title": _("Runs side by side"),
        "heads": list(map(showing.head, runs)),
        "conditions": _conditions(comparison),
        "caution": caution(comparison),
        "verdicts": comparison.verdicts,
        "counts": [change for change in comparison.counts if change.effect],
        "forest": forest,
        "lines": lines,
        "hidden": len(found) - len(lines),
        "left_out": comparison.left_out,
        "curves": curves.overlaid(comparison, test),
    }


def _conditions(comparison: Comparison) -> list[Condition]:
    """What forbids a conclusion stands first."""
    differing = sorted(comparison.conditions, key=lambda condition: not condition.forbids)
    return [*differing, *speed(comparison.reports)]


def _line(change: Change, drawn: Sequence[Effect], forest: Forest, *, alike: bool) -> ForestLine:
    """Of runs that are not alike nobody can tell anything."""
    values = [format_value(value, change.unit) for value in change.values]
    return ForestLine(change.row, change.name, values, list(_shown(drawn, forest, alike=alike)))


def _shown(drawn: Sequence[Effect], forest: Forest, *, alike: bool) -> Iterator[Shown]:
    for place, effect in enumerate(drawn, 1):
        text = format_value(effect.ratio, "×")
        if effect.interval:
            text = f"{text} ({targets.shown(effect.interval)})"
        told = effect.told if alike else Told.UNCLEAR
        yield Shown(text, WORDS[told], forest.mark(effect.ratio, effect.ends, place, len(drawn)))

"""What has changed over the stored runs: a hint where to look, and never a verdict."""

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby, pairwise

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..measure import stats
from ..measure.changepoints import Step
from ..measure.units import format_value
from ..models import PerfRun
from .trends import Direction, Trend

MOST_STEPS = 5
"""That are shown of one run, the largest first."""

SPARKS, ASCII_SPARKS = "▁▂▃▄▅▆▇█", "12345678"
SPARKLINE_LENGTH = 12

STYLES: dict[Direction, str] = {"worse": "red", "better": "green", "changed": "yellow"}

HINT = "A hint: machines change, too. perf --against says whether it was the code."

Change = tuple[Trend, Step]


def print_steps(trends: Iterable[Trend], runs: Iterable[PerfRun], console: Console) -> None:
    """Under each of these runs, which metrics have had another level since then."""
    found: dict[int, list[Change]] = {}
    for trend in trends:
        for step in trend.steps():
            found.setdefault(trend.runs[step.index], []).append((trend, step))
    changed = [run for run in runs if run.pk in found]
    for run in changed:
        name = " ".join(filter(None, [f"run {run.pk}", run.commit[:7], run.short_label]))
        console.print(Text(f"Changed since {name}", style="bold"))
        _print_changes(sorted(found[run.pk], key=_size, reverse=True), console)
    if changed:
        console.print(Text(HINT, style="dim"))


def print_rows(trends: Iterable[Trend], console: Console) -> None:
    """Each metric with its newest value and all its steps, apart by machine and workload."""
    for (place, workload), group in groupby(trends, key=lambda t: (t.of.place, t.of.workload)):
        console.print(Text(place, style="bold"))
        console.print(Text(workload, style="dim"))
        table = _table(5, folded=(1, 4))
        for trend in group:
            table.add_row(
                Text(f"  {trend.of.row}"),
                Text(trend.of.name),
                sparkline(trend.values, console),
                Text(format_value(trend.values[-1], trend.of.unit)),
                Text("; ").join(_since(trend, step) for step in trend.steps()),
            )
        console.print(table)


def sparkline(values: Sequence[float], console: Console) -> str:
    """From the lowest to the highest in eight heights, digits where a terminal has ASCII alone.

    Of a longer history, each mark is the median of some runs.
    """
    marks = ASCII_SPARKS if console.options.ascii_only else SPARKS
    length = min(len(values), SPARKLINE_LENGTH)
    edges = [len(values) * at // length for at in range(length + 1)]
    heights = [stats.median(values[left:right]) for left, right in pairwise(edges)]
    low, spread = min(heights), max(heights) - min(heights)
    top = len(marks) - 1
    return "".join(marks[round(top * (h - low) / spread) if spread else 0] for h in heights)


def _print_changes(changes: Sequence[Change], console: Console) -> None:
    table = _table(6, folded=(2,))
    for trend, step in changes[:MOST_STEPS]:
        direction = trend.direction(step)
        table.add_row(
            Text(f"  {direction}", style=STYLES[direction]),
            Text(trend.of.row),
            Text(trend.of.name),
            Text(_levels(step, trend.of.unit)),
            Text(_percent(step), style=STYLES[direction]),
            sparkline(trend.values, console),
        )
    console.print(table)
    if (more := len(changes) - MOST_STEPS) > 0:
        console.print(Text(f"  and {more} more: perf history ROW", style="dim"))


def _table(columns: int, folded: Collection[int]) -> Table:
    """A grid in which only the columns of these numbers become narrower than what is in them."""
    table = Table.grid(padding=(0, 2))
    for column in range(columns):
        table.add_column(no_wrap=column not in folded)
    return table


def _size(change: Change) -> tuple[bool, float]:
    """What is worse comes first, and then what has changed most."""
    trend, step = change
    share = float("inf") if step.change is None else abs(step.change)
    return trend.direction(step) == "worse", share


def _since(trend: Trend, step: Step) -> Text:
    direction = trend.direction(step)
    text = f"{direction} {_percent(step)}".strip()
    return Text(text, style=STYLES[direction]).append(
        f" since run {trend.runs[step.index]}", style="default"
    )


def _levels(step: Step, unit: str) -> str:
    before = format_value(step.before, unit).removesuffix(unit).rstrip()
    return f"{before} to {format_value(step.after, unit)}"


def _percent(step: Step) -> str:
    """With its sign; empty where the level before was 0."""
    return "" if step.change is None else f"{100 * step.change:+.1f} %"

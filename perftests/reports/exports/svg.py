"""Line charts as numbers that a template draws: no script, and nothing to fetch."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, takewhile

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ...measure.histogram import LatencyHistogram
from ...measure.series import IN_PAIRS, Phase, Series
from ...measure.stats import has_tail
from ...measure.units import format_value
from .tables import Table, by_percentile, over_time

WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 18, 34
MOST_LINES = 5
"""More cannot be told from each other."""

QUANTITIES = {
    "%": gettext_lazy("CPU, % of one core,"),
    "MB": gettext_lazy("Memory"),
    "": gettext_lazy("Counts"),
    "×": gettext_lazy("Ratio, median of the pairs,"),
    "/s": gettext_lazy("Throughput"),
    "ms": gettext_lazy("Latency"),
}
X_TICKS = Y_TICKS = 4

PERCENTILES = (0.0, 50.0, 90.0, 99.0, 99.9, 99.99)
POINTS_PER_DECADE = 20

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis, in pixels, and its label."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a phase begins, in pixels, its name, and when that was."""

    at: float
    name: str
    begun: str


@dataclass(frozen=True, slots=True)
class Line:
    """A name and its polyline, as SVG writes points."""

    name: str
    points: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What a template needs to draw some lines; `left_out` is how many there were besides.

    `table` has the same in numbers.
    """

    title: str
    x_title: str
    lines: Sequence[Line]
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    left_out: int
    table: Table
    marks: Sequence[Mark] = ()

    width, height = WIDTH, HEIGHT
    left, right, top, bottom = LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM


def latency_chart(histograms: Mapping[str, LatencyHistogram], title: str = "") -> Chart | None:
    """Latency in ms by percentile; `None` where too few samples lie beyond any.

    The axis is that of HdrHistogram's plots, so that each further nine takes the same room.
    """
    lines = {name: list(_percentiles(histogram)) for name, histogram in histograms.items()}
    lines = {name: points for name, points in lines.items() if points}
    if not lines:
        return None
    end = max(points[-1][0] for points in lines.values())
    ticks = [(_decades(q), f"{q:g}") for q in PERCENTILES if _decades(q) <= end]
    title = title or _("Latency by percentile")
    shown = _shown(lines)
    table = by_percentile({name: histograms[name] for name in shown})
    return _chart(title, _("percentile, %"), lines, shown, ticks, "ms", table)


def series_charts(series: Sequence[Series]) -> list[Chart]:
    """Each unit's series over the seconds of a test."""
    charts = []
    for unit in dict.fromkeys(each.unit for each in series):
        drawn = {each.name: each for each in series if each.unit == unit and each.seconds}
        if drawn:
            charts.append(_series_chart(drawn, unit))
    return charts


def _series_chart(series: Mapping[str, Series], unit: str) -> Chart:
    lines = {n: list(zip(each.seconds, each.values, strict=True)) for n, each in series.items()}
    end = max(points[-1][0] for points in lines.values())
    moments = [end * part / X_TICKS for part in range(X_TICKS + 1)]
    ticks = [(moment, format_value(moment, "")) for moment in moments]
    if unit == IN_PAIRS:
        title, x_title = _("Ratio, pair by pair"), _("pair")
    else:
        quantity = QUANTITIES.get(unit, unit)
        title, x_title = _("%s over time") % quantity, _("seconds")
    shown = _shown(lines)
    table = over_time([series[name] for name in shown], moments, unit)
    chart = _chart(title, x_title, lines, shown, ticks, unit, table)
    phases = next((each.phases for each in series.values() if each.phases), ())
    return replace(chart, marks=[_mark(phase, end) for phase in phases if phase.seconds < end])


def _mark(phase: Phase, end: float) -> Mark:
    at = round(LEFT + phase.seconds / end * (WIDTH - LEFT - RIGHT), 1)
    return Mark(at, phase.name, format_value(phase.seconds, "s"))


def _shown(lines: Mapping[str, Points]) -> list[str]:
    """The names of the highest lines, in their order."""
    highest = sorted(lines, key=lambda name: -max(y for _x, y in lines[name]))[:MOST_LINES]
    return [name for name in lines if name in highest]


def _percentiles(histogram: LatencyHistogram) -> Iterator[tuple[float, float]]:
    """Decades of the percentile, and the latency there."""
    decades = (step / POINTS_PER_DECADE for step in count())
    beyond = ((at, 100 - 100 / 10**at) for at in decades)
    told = list(takewhile(lambda each: has_tail(histogram.count, each[1]), beyond))
    values = histogram.at([q for _at, q in told]) if told else []
    for (at, _q), value in zip(told, values, strict=True):
        yield at, value


def _decades(q: float) -> float:
    return -math.log10(1 - q / 100)


def _chart(
    title: str,
    x_title: str,
    lines: Mapping[str, Points],
    shown: Sequence[str],
    x_ticks: Sequence[tuple[float, str]],
    unit: str,
    table: Table,
) -> Chart:
    highest = max(y for points in lines.values() for _x, y in points) or 1.0
    furthest = max(x for points in lines.values() for x, _y in points) or 1.0

    def right(x: float) -> float:
        return round(LEFT + x / furthest * (WIDTH - LEFT - RIGHT), 1)

    def up(y: float) -> float:
        return round(HEIGHT - BOTTOM - max(0.0, y) / highest * (HEIGHT - TOP - BOTTOM), 1)

    drawn = [Line(name, " ".join(f"{right(x)},{up(y)}" for x, y in lines[name])) for name in shown]
    levels = [highest * part / Y_TICKS for part in range(Y_TICKS + 1)]
    return Chart(
        title,
        x_title,
        drawn,
        [Tick(right(x), label) for x, label in x_ticks],
        [Tick(up(level), format_value(level, unit if len(unit) < 3 else "")) for level in levels],
        len(lines) - len(shown),
        table,
    )

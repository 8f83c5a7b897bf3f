"""One metric over the runs, as numbers for SVG: points, intervals, levels, and what happened."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ...measure.changepoints import Step
from ...measure.stats import Interval, median
from ...measure.units import format_value

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 84, 12, 22, 24
Y_TICKS = 4
LONGEST_UNIT = 3
"""In characters, that has room beside the axis."""

PADDING = 0.08
"""Of the height, above and below what is drawn."""


@dataclass(frozen=True, slots=True)
class Point:
    """A value of the run with this number, and the ends of its interval."""

    run: int
    label: str
    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Level:
    """The median of the runs between two steps."""

    left: float
    right: float
    y: float


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened before a run, such as a release."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A value on the axis."""

    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """What a template draws."""

    points: Sequence[Point]
    levels: Sequence[Level]
    steps: Sequence[float]
    releases: Sequence[Mark]
    ticks: Sequence[Tick]

    width, height = WIDTH, HEIGHT
    left, right, top, bottom = LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM


def draw(
    runs: Sequence[int],
    values: Sequence[float],
    intervals: Sequence[Interval | None],
    steps: Sequence[Step],
    releases: Sequence[str],
    unit: str,
) -> Timeline:
    """The runs from left to right, each as far from the next; `releases` names those that began
    one, and is empty for all others."""
    ends = [i or Interval(v, v) for i, v in zip(intervals, values, strict=True)]
    up, ticks = _axis(min(end.low for end in ends), max(end.high for end in ends), unit)
    xs = [_right(at, len(runs)) for at in range(len(runs))]
    points = [
        Point(run, format_value(value, unit), x, up(value), up(end.low), up(end.high))
        for run, value, x, end in zip(runs, values, xs, ends, strict=True)
    ]
    between = [(xs[step.index - 1] + xs[step.index]) / 2 for step in steps]
    return Timeline(
        points,
        list(_levels(values, steps, between, up)),
        [round(x, 1) for x in between],
        [Mark(x, name) for x, name in zip(xs, releases, strict=True) if name],
        ticks,
    )


def _right(at: int, runs: int) -> float:
    """In the middle of the part of the width that each run has."""
    return round(LEFT + (at + 0.5) / runs * (WIDTH - LEFT - RIGHT), 1)


def _axis(low: float, high: float, unit: str) -> tuple[Callable[[float], float], list[Tick]]:
    room = (high - low or abs(high) or 1.0) * PADDING
    low, high = low - room, high + room

    def up(value: float) -> float:
        return round(HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    levels = [low + (high - low) * part / Y_TICKS for part in range(Y_TICKS + 1)]
    beside = unit if len(unit) <= LONGEST_UNIT else ""
    return up, [Tick(up(level), format_value(level, beside)) for level in levels]


def _levels(
    values: Sequence[float],
    steps: Sequence[Step],
    between: Sequence[float],
    up: Callable[[float], float],
) -> Iterator[Level]:
    """None where the level has never changed: the points say all."""
    edges = [0, *(step.index for step in steps), len(values)]
    xs = [float(LEFT), *between, float(WIDTH - RIGHT)]
    if steps:
        for (begin, end), (left, right) in zip(pairwise(edges), pairwise(xs), strict=True):
            yield Level(round(left, 1), round(right, 1), up(median(values[begin:end])))

"""The small drawings in the line of a test, as numbers for SVG: no script, and no inline style."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...records.targets import Metric
from ..headline import deciding

WIDTH, HEIGHT = 100, 20
"""Of each drawing, in pixels."""

MARGIN = 2
ROOM = 1.25
"""How much longer the bar's scale is than what is on it, so that its end is seen."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A value, the ends of its interval and its limit, in pixels from the left."""

    value: float
    low: float
    high: float
    limit: float


def bar(metric: Metric) -> Bar | None:
    """The value beside its limit; `None` where there are not both, or not on one side of 0."""
    target = deciding(metric)
    if target is None or metric.value is None or metric.value < 0 or target.limit <= 0:
        return None
    low, high = (metric.value, metric.value) if metric.low is None else (metric.low, metric.high)
    assert high is not None
    scale = WIDTH / (ROOM * max(metric.value, high, target.limit))
    ends = (metric.value, max(low, 0.0), high, target.limit)
    return Bar(*(round(end * scale, 1) for end in ends))


def spark(values: Sequence[float]) -> str:
    """The points of a line from the lowest to the highest of these; empty for fewer than two."""
    if len(values) < 2:
        return ""
    low, spread = min(values), max(values) - min(values)
    step = (WIDTH - 2 * MARGIN) / (len(values) - 1)
    heights = [(value - low) / spread if spread else 0.5 for value in values]
    top, room = MARGIN, HEIGHT - 2 * MARGIN
    return " ".join(
        f"{MARGIN + at * step:.1f},{top + (1 - height) * room:.1f}"
        for at, height in enumerate(heights)
    )

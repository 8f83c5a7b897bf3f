"""How many times the first value the others are, and whether that tells anything."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ...measure.stats import Interval, ratio_of
from .changes import Change

NOISE = 1.15
"""Times of one code differ by as much from run to run; a smaller change tells nothing."""


class Told(StrEnum):
    """What is said of a change. Which way is better is for `perf --against` to say."""

    HIGHER = "higher"
    LOWER = "lower"
    UNCLEAR = "can't tell"


@dataclass(frozen=True, slots=True)
class Effect:
    """A value ÷ the first one, with the interval of that where both have one."""

    ratio: float
    interval: Interval | None

    @property
    def ends(self) -> Interval:
        """The interval, or the ratio alone."""
        return self.interval or Interval(self.ratio, self.ratio)

    @property
    def told(self) -> Told:
        """Whether all of it lies beyond the usual noise, on one side."""
        if self.ends.low > NOISE:
            return Told.HIGHER
        return Told.LOWER if self.ends.high < 1 / NOISE else Told.UNCLEAR


def effects(change: Change) -> Iterator[Effect]:
    """Of each run but the first; none where there is no ratio."""
    if not math.isfinite(change.effect) or change.values[0] == 0:
        return
    first, around_first = change.values[0], change.intervals[0]
    for value, around in zip(change.values[1:], change.intervals[1:], strict=True):
        interval = None
        if around_first and around and min(around_first.low, around.low) > 0:
            interval = ratio_of(first, around_first, value, around).interval
        yield Effect(value / first, interval)

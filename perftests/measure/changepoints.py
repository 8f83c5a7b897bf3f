"""Where a series of runs has stepped to another level, and stayed there for a while.

Medians and absolute distances, not means and squares, so that one odd run moves nothing, and
no step before three runs have shown it. `python -m perftests.tests.measure.simulated_histories`
compares it with others; docs/explanation/measuring.md has the table.
"""

import math
from bisect import insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from . import stats

LEAST_RUNS = 3
"""At any level: two odd runs are none."""

SMALLEST_CHANGE = 0.05
"""Of the larger level; smaller steps of noisy values interest nobody."""

MOST_SPREADS = 3
"""From its level, for what a run hands on to the next: more is an odd run."""

LIMIT_OF_TWO, LIMIT_OF_THREE = 8.0, 15.0
"""Of runs × log(distances from one level ÷ distances from two or three): about 1 of 100 series of
independent runs without a step exceed them, whatever their length."""


@dataclass(frozen=True, slots=True)
class Step:
    """The first run at another level, counted from 0, and the levels before and after it."""

    index: int
    before: float
    after: float

    @property
    def change(self) -> float | None:
        """As a share of the level before, such as 0.2; `None` where that was 0."""
        return (self.after - self.before) / abs(self.before) if self.before else None


@dataclass(frozen=True, slots=True)
class _Split:
    """A series in parts that may have levels of their own.

    `edges` are where the parts begin, and the end. `distances` is the sum of the distances of all
    values from the median of their part.
    """

    distances: float
    edges: tuple[int, ...]

    def parts(self, values: Sequence[float]) -> list[Sequence[float]]:
        """What lies between the edges."""
        return [values[left:right] for left, right in pairwise(self.edges)]


def find_steps(values: Sequence[float]) -> list[Step]:
    """The steps of a series, oldest first; each level is the median of its runs.

    Fewer than six runs tell nothing. A drift is told as a step or several.
    """
    starts = _starts(values)
    edges = (0, *starts, len(values))
    levels = [stats.median(values[left:right]) for left, right in pairwise(edges) if starts]
    return [Step(*step) for step in zip(starts, levels, levels[1:], strict=False)]


def _starts(values: Sequence[float]) -> list[int]:
    """Where its levels begin, but for the first: the clearest ones, and those within them."""
    for splits, limit in ((_in_two, LIMIT_OF_TWO), (_in_three, LIMIT_OF_THREE)):
        best = min(splits(values), key=lambda split: split.distances, default=None)
        if best and _has_levels(best, values, limit):
            within = zip(best.edges, map(_starts, best.parts(values)), strict=False)
            return sorted(
                [*best.edges[1:-1], *(left + at for left, found in within for at in found)]
            )
    return []


def _in_two(values: Sequence[float]) -> Iterator[_Split]:
    runs = len(values)
    heads, tails = list(_distances(values)), list(_distances(reversed(values)))
    for at in range(LEAST_RUNS, runs - LEAST_RUNS + 1):
        yield _Split(heads[at - 1] + tails[runs - at - 1], (0, at, runs))


def _in_three(values: Sequence[float]) -> Iterator[_Split]:
    runs = len(values)
    heads, tails = list(_distances(values)), list(_distances(reversed(values)))
    for start in range(LEAST_RUNS, runs - 2 * LEAST_RUNS + 1):
        middles = list(_distances(values[start : runs - LEAST_RUNS]))
        for end in range(start + LEAST_RUNS, runs - LEAST_RUNS + 1):
            distances = heads[start - 1] + middles[end - start - 1] + tails[runs - end - 1]
            yield _Split(distances, (0, start, end, runs))


def _distances(values: Iterable[float]) -> Iterator[float]:
    """Of the first value, the first two and so on: the sum of their distances from their median.

    A new value adds how far it is from the middle of those before, wherever the new median is.
    """
    ordered: list[float] = []
    total = 0.0
    for value in values:
        if ordered:
            low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
            total += max(low - value, value - high, 0.0)
        insort(ordered, value)
        yield total


def _has_levels(split: _Split, values: Sequence[float], limit: float) -> bool:
    """Whether its levels explain the values so much better than one that it is no chance.

    The likelihoods are those of Laplace's distribution. Runs that follow each other, as those of
    a machine that is slow for a day, count as fewer independent ones.
    """
    *_, total = _distances(values)
    if split.distances == 0:
        return total > 0  # as of counts: not one run strays, and any change is one
    parts = split.parts(values)
    levels = [stats.median(part) for part in parts]
    strays = [[value - level for value in part] for part, level in zip(parts, levels, strict=True)]
    if not all(map(_is_shown, strays, strays[1:], levels, levels[1:])):
        return False
    most = MOST_SPREADS * split.distances / len(values)
    kept = _autocorrelation([max(-most, min(most, stray)) for part in strays for stray in part])
    independent = len(values) * (1 - kept) / (1 + kept)
    return independent * math.log(total / split.distances) >= limit


def _is_shown(before: Sequence[float], after: Sequence[float], low: float, high: float) -> bool:
    """Whether two levels, given with the strays from them, are far enough from each other, and
    three runs of each are nearer to it than half the way to the other."""
    if (gap := abs(high - low)) < SMALLEST_CHANGE * max(abs(low), abs(high)):
        return False
    near = [sum(abs(stray) < gap / 2 for stray in strays) for strays in (before, after)]
    return min(near) >= LEAST_RUNS


def _autocorrelation(strays: Sequence[float]) -> float:
    """How much of a stray from its level the next run keeps; 0 at least."""
    following = sum(one * other for one, other in pairwise(strays))
    return max(0.0, following / sum(stray * stray for stray in strays))

"""Contenders that do the same work in turns, and how they compare."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from perftests.measure.stats import MINIMUM_FOR_INTERVAL, median, median_ratio
from perftests.testcases import PerformanceTestCase

PAIRS = 5

SMOKE_PAIRS = 2
"""They show that each contender works, and are too few for an interval."""

T = TypeVar("T")


def take_turns(
    test: PerformanceTestCase, pairs: int = PAIRS, **contenders: Callable[[], T]
) -> dict[str, list[T]]:
    """Let each contender measure in each round, in random order, after a round of warm-up."""
    pairs = test.scaled(smoke=SMOKE_PAIRS, standard=pairs, extended=pairs)
    measured: dict[str, list[T]] = {name: [] for name in contenders}
    for number in range(pairs + 1):
        for name in random.sample(list(contenders), len(contenders)):
            test.progress(f"measuring {name}", number, pairs + 1)
            measured[name].append(contenders[name]())
    return {name: values[1:] for name, values in measured.items()}


def measure_medians(
    test: PerformanceTestCase, work: str, measured: Mapping[str, Sequence[float]]
) -> None:
    """Record the median of each contender: µs of the server's CPU for one piece of `work`."""
    for name, costs in measured.items():
        test.measure(f"{work}: {name}", median(costs), "µs", better="lower")


def measure_ratio(
    test: PerformanceTestCase,
    name: str,
    baseline: Sequence[float],
    candidate: Sequence[float],
    *,
    asked: str = "",
    ours: str = "",
    doubt: str = "",
) -> None:
    """Record the median of candidate ÷ baseline over the rounds, and how sure that is."""
    pairs = list(zip(baseline, candidate, strict=True))
    value = median([theirs / own for own, theirs in pairs])
    test.measure(name, value, "×", asked=asked, ours=ours, doubt=doubt)
    if len(pairs) >= MINIMUM_FOR_INTERVAL:
        ratio = median_ratio(pairs)
        test.note(f"{name}: with 95 % confidence between {ratio.low:.2f} and {ratio.high:.2f}.")

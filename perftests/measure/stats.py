"""Statistics of measurements: location, spread, intervals, ratios and trends.

scipy is imported where it is used: it takes a second and nearly 90 MB, and neither the server
under load, which loads the admin and with it this module, nor the start of every `perf` shall
pay for that. numpy, which takes a tenth of it, is imported late, too.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

MINIMUM_FOR_INTERVAL = 5
"""The 95 % bootstrap interval of a median covers it 92 % of the time with 5 samples and 84 % with
4 (200 simulated lognormal samples of each size)."""

RESAMPLES = 2_000
SAMPLES_BEYOND_PERCENTILE = 10


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`, in the unit of the samples."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Ratio:
    """The median of per-pair ratios with the interval of that median."""

    value: float
    interval: Interval


def mean(samples: Sequence[float]) -> float:
    """The arithmetic mean; raises `ValueError` without samples."""
    _require(samples, 1, "a mean")
    return statistics.fmean(samples)


def median(samples: Sequence[float]) -> float:
    """The middle sample, or the mean of the middle two; raises `ValueError` without samples."""
    _require(samples, 1, "a median")
    return float(statistics.median(samples))


def percentile(samples: Sequence[float], q: float) -> float:
    """The smallest sample that at least `q` percent of the samples do not exceed.

    The answer is always a sample that occurred (numpy's "inverted_cdf"). Raises `ValueError`
    without samples or for a `q` outside 0 to 100.
    """
    return float(sorted(samples)[percentile_rank(len(samples), q) - 1])


def percentile_rank(count: int, q: float) -> int:
    """Which of `count` samples in order, from 1 on, is percentile `q`: the nearest-rank method.

    Everything that tells percentiles asks here. Raises `ValueError` without samples or for a `q`
    outside 0 to 100.
    """
    if not count:
        raise ValueError("a percentile needs at least 1 sample, there are 0")
    if not 0 <= q <= 100:
        raise ValueError(f"a percentile lies between 0 and 100, not at {q}")
    # Rounded first: 0.999 * 10,000 may come out a hair above 9,990 and take the next rank.
    return max(1, math.ceil(round(count * q / 100, 6)))


def has_tail(count: int, q: float) -> bool:
    """Whether `count` samples leave enough beyond percentile `q` for it to be worth showing.

    What counts are independent samples: a thousand receivers of one broadcast are one.
    """
    return round(count * (100 - q) / 100, 6) >= SAMPLES_BEYOND_PERCENTILE


def samples_for(q: float) -> int:
    """How many samples percentile `q` takes, so that it has a tail; `q` is below 100."""
    return math.ceil(round(SAMPLES_BEYOND_PERCENTILE * 100 / (100 - q), 6))


def tail_percentile(count: int) -> float:
    """The highest percentile up to p99 that so many independent samples tell; at least p50."""
    return next((q for q in (99, 95, 90, 75) if has_tail(count, q)), 50)


def standard_deviation(samples: Sequence[float]) -> float:
    """The sample standard deviation (n - 1); raises `ValueError` with fewer than two samples."""
    _require(samples, 2, "a standard deviation")
    return statistics.stdev(samples)


def bootstrap_interval(
    samples: Sequence[float],
    statistic: Literal["median", "mean"] = "median",
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """The percentile bootstrap interval of `statistic` (Efron and Tibshirani, An Introduction to
    the Bootstrap, 13.3).

    The samples have to be independent: one per process, pair or batch, never single requests,
    which correlate and would make the interval far too narrow. The same seed gives the same
    interval. Raises `ValueError` with fewer than five samples.
    """
    import numpy

    _require(samples, MINIMUM_FOR_INTERVAL, "an interval")
    drawn = numpy.random.default_rng(seed).choice(samples, (RESAMPLES, len(samples)))
    resampled = getattr(numpy, statistic)(drawn, axis=1)
    tail = (1 - confidence) / 2
    return Interval(*map(float, numpy.quantile(resampled, (tail, 1 - tail))))


def median_ratio(pairs: Sequence[tuple[float, float]]) -> Ratio:
    """The median of `candidate / baseline` over `(baseline, candidate)` pairs, with its interval.

    The two of a pair are measured next to each other, so that what disturbs one disturbs the
    other. Raises `ValueError` with fewer than five pairs or a baseline that is not positive.
    """
    if any(baseline <= 0 for baseline, _ in pairs):
        raise ValueError("a ratio needs baselines above 0")
    ratios = [candidate / baseline for baseline, candidate in pairs]
    return Ratio(median(ratios), bootstrap_interval(ratios))


def ratio_of(before: float, around_before: Interval, after: float, around_after: Interval) -> Ratio:
    """`after / before` of two independent estimates above 0, with the interval of that.

    On logarithms, from the ends of both intervals (Zou and Donner 2008, Construction of confidence
    limits about effect measures). Raises `ValueError` for what is not above 0.
    """
    if min(before, after, around_before.low, around_after.low) <= 0:
        raise ValueError("a ratio needs estimates above 0")
    ratio = after / before
    down = math.hypot(math.log(after / around_after.low), math.log(around_before.high / before))
    up = math.hypot(math.log(around_after.high / after), math.log(before / around_before.low))
    return Ratio(ratio, Interval(ratio * math.exp(-down), ratio * math.exp(up)))


def p_of_growth(changes: Sequence[float]) -> float:
    """How likely such changes are where nothing grows: the one-sided p-value of Student's test.

    1 where nothing changes, 0 where all change by the same amount, upwards. Raises `ValueError`
    with fewer than two changes.
    """
    from scipy.special import stdtr

    _require(changes, 2, "a test of growth")
    if min(changes) == max(changes):
        return 0.0 if changes[0] > 0 else 1.0
    t = mean(changes) / (standard_deviation(changes) / math.sqrt(len(changes)))
    return float(stdtr(len(changes) - 1, -t))


def slope(xs: Sequence[float], ys: Sequence[float]) -> float:
    """The Theil-Sen slope, such as bytes per connection over plateaus of connections.

    It is the median of the slopes between all pairs of points, so one disturbed plateau does not
    carry it. Raises `ValueError` with fewer than three points or when all `xs` are the same.
    """
    import numpy

    _require(xs, 3, "a slope")
    if len(set(xs)) == 1:
        raise ValueError("a slope needs points at different places, all of these are at one")
    across, up = (numpy.subtract.outer(values, values) for values in (xs, ys))
    return float(numpy.median(up[across > 0] / across[across > 0]))


def _require(samples: Sequence[float], minimum: int, what: str) -> None:
    if len(samples) < minimum:
        plural = "" if minimum == 1 else "s"
        raise ValueError(
            f"{what} needs at least {minimum} sample{plural}, there are {len(samples)}"
        )

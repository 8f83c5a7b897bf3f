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

MINIMUM_FOR_TREND = 5
"""Four values in perfect order still have a two-sided p-value of 0.083."""

SIGNIFICANCE = 0.05
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
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Trend:
    """The change from one value to the next, and whether it is more than chance."""

    slope_per_step: float
    p_value: float
    significant: bool


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

    This is the nearest-rank method: the answer is always a sample that occurred, and it agrees
    with HdrHistogram. Raises `ValueError` without samples or for a `q` outside 0 to 100.
    """
    _require(samples, 1, "a percentile")
    if not 0 <= q <= 100:
        raise ValueError(f"a percentile lies between 0 and 100, not at {q}")
    # Rounded first: 0.999 * 10,000 may come out a hair above 9,990 and take the next rank.
    rank = max(1, math.ceil(round(len(samples) * q / 100, 6)))
    return float(sorted(samples)[rank - 1])


def has_tail(count: int, q: float) -> bool:
    """Whether `count` samples leave enough beyond percentile `q` for it to be worth showing."""
    return round(count * (100 - q) / 100, 6) >= SAMPLES_BEYOND_PERCENTILE


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
    interval = bootstrap_interval(ratios)
    return Ratio(median(ratios), interval.low, interval.high)


def trend(values: Sequence[float]) -> Trend:
    """Whether `values`, equally spaced in time, rise or fall (two-sided, at 5 %).

    The Mann-Kendall test, which is Kendall's tau of the values against their order, with the
    Theil-Sen slope: both ignore single outliers. Raises `ValueError` with fewer than five values.
    """
    from scipy.stats import kendalltau

    _require(values, MINIMUM_FOR_TREND, "a trend")
    steps = range(len(values))
    p_value = float(kendalltau(steps, values).pvalue)
    if math.isnan(p_value):  # all values are equal
        p_value = 1.0
    return Trend(slope(steps, values), p_value, p_value < SIGNIFICANCE)


def slope(xs: Sequence[float], ys: Sequence[float]) -> float:
    """The Theil-Sen slope, such as bytes per connection over plateaus of connections.

    It is the median of the slopes between all pairs of points, so one disturbed plateau does not
    carry it. Raises `ValueError` with fewer than three points or when all `xs` are the same.
    """
    from scipy.stats import theilslopes

    _require(xs, 3, "a slope")
    if len(set(xs)) == 1:
        raise ValueError("a slope needs points at different places, all of these are at one")
    return float(theilslopes(ys, xs).slope)


def _require(samples: Sequence[float], minimum: int, what: str) -> None:
    if len(samples) < minimum:
        plural = "" if minimum == 1 else "s"
        raise ValueError(
            f"{what} needs at least {minimum} sample{plural}, there are {len(samples)}"
        )

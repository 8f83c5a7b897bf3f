"""Latencies folded into an HdrHistogram: small to store, exact enough for every percentile."""

import zlib
from collections.abc import Iterable, Sequence
from typing import Self

from hdrh.codec import HdrCookieException, HdrLengthException
from hdrh.histogram import HdrHistogram

from .stats import has_tail, percentile_rank
from .units import milliseconds

SIGNIFICANT_DIGITS = 3  # a value is off by at most 0.1 %
LONGEST_NANOSECONDS = 3_600 * 10**9  # one hour: longer than any wait of the suites
SHOWN_PERCENTILES = (50, 75, 90, 95, 99, 99.9, 99.99)


class LatencyHistogram:
    """How often each latency occurred; recorded in nanoseconds, read in milliseconds.

    Folding costs more than appending to a list, so collect nanoseconds in a list while the clock
    runs and fold them afterwards.
    """

    def __init__(self) -> None:
        self._histogram = HdrHistogram(1, LONGEST_NANOSECONDS, SIGNIFICANT_DIGITS)

    @classmethod
    def from_nanoseconds(cls, samples: Iterable[int]) -> Self:
        """Fold raw samples.

        Raises `ValueError` for a negative one, which a latency can't be, and for one longer than
        an hour.
        """
        histogram = cls()
        for sample in samples:
            if not histogram._histogram.record_value(sample):
                raise ValueError(f"a latency lies between 0 and one hour, not at {sample} ns")
        return histogram

    @classmethod
    def decode(cls, text: str) -> Self:
        """The inverse of `encode`; raises `ValueError` for any other text."""
        histogram = cls()
        try:
            histogram._histogram.decode_and_add(text)
        except (ValueError, zlib.error, HdrCookieException, HdrLengthException) as error:
            raise ValueError(f"not an encoded HdrHistogram ({error})") from error
        return histogram

    def encode(self) -> str:
        """The standard text form (V2, compressed, base64) that every HdrHistogram tool reads."""
        encoded: bytes = self._histogram.encode()
        return encoded.decode("ascii")

    def add(self, other: Self) -> None:
        """Take in all samples of `other`."""
        self._histogram.add(other._histogram)

    def percentile(self, q: float) -> float:
        """The latency in ms that at least `q` percent of the samples do not exceed.

        Raises `ValueError` without samples or for a `q` outside 0 to 100.
        """
        return self.at([q])[0]

    def at(self, percentiles: Sequence[float]) -> list[float]:
        """Several at once, which takes no longer than one; raises `ValueError`, too."""
        self._require_samples("a percentile")
        # The library rounds q % of the count to the nearest rank, which for tails is one too low
        # half of the time; of this it makes the rank itself.
        shares = [100 * percentile_rank(self.count, q) / self.count for q in percentiles]
        found = self._histogram.get_percentile_to_value_dict(shares)
        return [milliseconds(found[share]) for share in shares]

    def percentiles(self) -> dict[str, float]:
        """`{"p50": 1.2, …}` in ms: each one that at least ten samples lie beyond."""
        shown = [q for q in SHOWN_PERCENTILES if has_tail(self.count, q)]
        values = self.at(shown) if shown else []
        return {f"p{q:g}": value for q, value in zip(shown, values, strict=True)}

    @property
    def count(self) -> int:
        """The number of samples."""
        return int(self._histogram.get_total_count())

    @property
    def mean(self) -> float:
        """The mean in ms; raises `ValueError` without samples."""
        self._require_samples("a mean")
        return milliseconds(self._histogram.get_mean_value())

    @property
    def maximum(self) -> float:
        """The longest latency in ms; raises `ValueError` without samples."""
        self._require_samples("a maximum")
        return milliseconds(self._histogram.get_max_value())

    def _require_samples(self, what: str) -> None:
        if not self.count:
            raise ValueError(f"{what} needs samples, the histogram is empty")

"""What has happened in this process since it started: plain numbers, one addition each.

Counted in batches where that can be, read by nobody but `health.metrics`.
"""

from bisect import bisect_left
from collections import Counter

ACK_LAG_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0, 3600.0)
"""Upper ends of the buckets."""


class Histogram:
    """Of seconds; the last bucket has what is above all ends."""

    def __init__(self, ends: tuple[float, ...]) -> None:
        self.ends = ends
        self.counts = [0] * (len(ends) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """One that took so long; what a clock that was set makes negative counts as none."""
        seconds = max(0.0, seconds)
        self.counts[bisect_left(self.ends, seconds)] += 1
        self.total += seconds


class Counters:
    """`closes` are by code, whichever side closed; `found` is what sweeps had to send."""

    def __init__(self) -> None:
        self.acks = 0
        self.sweeps = 0
        self.sweeps_that_found = 0
        self.found = 0
        self.layer_errors = 0
        self.closes: Counter[int] = Counter()
        self.ack_lag = Histogram(ACK_LAG_SECONDS)


counters = Counters()

"""What a site under load answered."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from perftests.measure.meters import Counted, Growth
from perftests.measure.metrics import PerformanceMetrics


@dataclass(slots=True)
class Answers:
    """Of requests that were each sent when they were due, however long the ones before took.

    `metrics` has the latencies of those that were answered as expected, from the moment at which
    each was due; `failures` counts the reasons of all others, such as "404 instead of 200".
    `statements` is how many of SQL the server ran for each request, on average. `doubt` says why
    the latencies cannot be trusted; it is empty when they can.
    """

    metrics: PerformanceMetrics = field(default_factory=PerformanceMetrics)
    failures: Counter[str] = field(default_factory=Counter)
    statements: float = 0.0
    doubt: str = ""

    _answered: Growth = field(init=False, default_factory=lambda: Growth("answers"), repr=False)

    def counted(self) -> Iterator[Counted]:
        """Answers as expected since this was asked last, for whoever follows the run."""
        return self._answered.counted(self.metrics.nanoseconds)

    @property
    def failed(self) -> int:
        """Requests that were not answered as expected."""
        return self.failures.total()

    def succeed(self, nanoseconds: int) -> None:
        """One answer as expected."""
        self.metrics.record(nanoseconds)

    def fail(self, reason: str) -> None:
        """One request without it."""
        self.metrics.fail(reason)
        self.failures[reason] += 1

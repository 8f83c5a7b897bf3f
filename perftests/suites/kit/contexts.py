"""What a test lends to those who work for it: a signature says which of it they need.

Every `PerformanceTestCase` is all of these.
"""

from typing import Protocol, TypeVar

from perftests.measure.histogram import LatencyHistogram
from perftests.measure.series import Series
from perftests.measure.stats import Interval
from perftests.records.targets import Better, Metric

T = TypeVar("T")


class Recorder(Protocol):
    """Takes what was found; see `PerformanceTestCase` for the meaning of each argument."""

    def measure(
        self,
        name: str,
        value: float | None,
        unit: str,
        *,
        better: Better = "",
        required: str = "",
        goal: str = "",
        doubt: str = "",
        interval: Interval | None = None,
    ) -> Metric: ...

    def note(self, text: str) -> None: ...

    def record_series(self, *series: Series) -> None: ...

    def record_histogram(self, name: str, histogram: LatencyHistogram) -> None: ...


class Pacing(Protocol):
    """Knows how much to do in this run, and tells whoever watches how far it is."""

    def scaled(self, *, smoke: T, standard: T, extended: T) -> T: ...

    def progress(
        self, text: str, done: float | None = None, total: float | None = None
    ) -> None: ...

"""What one kind of operation cost: latencies, successes and throughput."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter_ns
from types import TracebackType
from typing import Self

from . import stats
from .histogram import LatencyHistogram
from .stats import Interval
from .units import milliseconds

BATCHES = 20
SAMPLES_PER_BATCH = 5


@dataclass(frozen=True, slots=True)
class Summary:
    """The latencies of the operations that succeeded, in ms.

    A number is None where there are too few samples for it: `p95` and `p99` need ten samples
    beyond them, the 95 % interval of the mean needs 100 samples.
    """

    count: int
    mean: float
    median: float
    p95: float | None
    p99: float | None
    standard_deviation: float | None
    minimum: float
    maximum: float
    mean_interval: Interval | None


class Timer:
    """Times one `with` block; one that raises counts as failed, and the exception goes on."""

    __slots__ = ("_begun", "_metrics")

    def __init__(self, metrics: "PerformanceMetrics") -> None:
        self._metrics = metrics

    def __enter__(self) -> None:
        self._begun = perf_counter_ns()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        elapsed = perf_counter_ns() - self._begun
        if error is None:
            self._metrics.record(elapsed)
        else:
            self._metrics.fail(error)


class PerformanceMetrics:
    """Collects the operations of one measurement; several threads may record at once.

    `with metrics:` spans the whole, for the throughput; `with metrics.time():` is one operation.

        metrics = PerformanceMetrics()
        with metrics:
            for title in titles:
                with metrics.time():
                    notify(user, title)
    """

    def __init__(self) -> None:
        # Lists alone: appending to one is atomic and costs 0.3 µs, a counter would need a lock.
        self.nanoseconds: list[int] = []
        self.errors: list[str] = []
        self._started_ns: int | None = None
        self._stopped_ns: int | None = None

    def __enter__(self) -> Self:
        self._started_ns = perf_counter_ns()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stopped_ns = perf_counter_ns()

    def time(self) -> Timer:
        """A context manager that records how long its block took."""
        return Timer(self)

    def record(self, nanoseconds: int) -> None:
        """One operation that succeeded."""
        self.nanoseconds.append(nanoseconds)

    def fail(self, error: BaseException | str) -> None:
        """One operation that failed, and why; it has no latency."""
        self.errors.append(error if isinstance(error, str) else f"{type(error).__name__}: {error}")

    @property
    def succeeded(self) -> int:
        return len(self.nanoseconds)

    @property
    def failed(self) -> int:
        return len(self.errors)

    @property
    def success_rate(self) -> float:
        """Percent of the operations that succeeded; raises `ValueError` when there were none."""
        if not (total := self.succeeded + self.failed):
            raise ValueError("a success rate needs operations, none was recorded")
        return 100 * self.succeeded / total

    @property
    def seconds(self) -> float:
        """How long the whole took; raises `ValueError` before its end."""
        if self._started_ns is None or self._stopped_ns is None:
            raise ValueError("the duration is known after the `with metrics:` block")
        return (self._stopped_ns - self._started_ns) / 1e9

    @property
    def throughput(self) -> float:
        """Successful operations per second of the whole; raises `ValueError` before its end."""
        return self.succeeded / self.seconds

    def histogram(self) -> LatencyHistogram:
        """The latencies folded for storing."""
        return LatencyHistogram.from_nanoseconds(self.nanoseconds)

    def summary(self) -> Summary:
        """The latencies in figures; raises `ValueError` when no operation succeeded, with why."""
        if self.errors and not self.nanoseconds:
            [(reason, number)] = Counter(self.errors).most_common(1)
            raise ValueError(
                f"none of {self.failed} operations succeeded, so that there are no latencies; "
                f"{number} failed with: {reason}"
            )
        samples = [milliseconds(sample) for sample in self.nanoseconds]
        return Summary(
            count=len(samples),
            mean=stats.mean(samples),
            median=stats.median(samples),
            p95=_shown_percentile(samples, 95),
            p99=_shown_percentile(samples, 99),
            standard_deviation=stats.standard_deviation(samples) if len(samples) > 1 else None,
            minimum=min(samples),
            maximum=max(samples),
            mean_interval=mean_interval(samples),
        )


def mean_interval(samples: Sequence[float]) -> Interval | None:
    """The 95 % interval of the mean of samples in the order they were taken.

    Neighbouring operations correlate, so what is resampled is the means of 20 batches of
    consecutive samples (the method of batch means), not single samples. None with fewer than 100.
    """
    if len(samples) < BATCHES * SAMPLES_PER_BATCH:
        return None
    edges = [len(samples) * batch // BATCHES for batch in range(BATCHES + 1)]
    batches = [samples[edges[i] : edges[i + 1]] for i in range(BATCHES)]
    return stats.bootstrap_interval([stats.mean(batch) for batch in batches], "mean")


def _shown_percentile(samples: Sequence[float], q: float) -> float | None:
    return stats.percentile(samples, q) if stats.has_tail(len(samples), q) else None

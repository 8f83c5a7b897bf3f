"""The base class of every performance test."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import ClassVar, TypeVar

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.test import TransactionTestCase

from .conf import Scale, Server, configuration
from .events import Listener, Progress, ignore
from .exceptions import Interrupted, TargetMissed
from .measure.histogram import LatencyHistogram
from .measure.results import Outcome, Result, Series
from .measure.targets import Better, Metric, Target, Verdict
from .measure.units import format_value

T = TypeVar("T")
Method = TypeVar("Method", bound=Callable[..., object])

# Tells unittest to leave the frames of this module out of its tracebacks, so that a missed
# target reads as one line.
__unittest = True

BETTER_BY_OPERATOR: dict[str, Better] = {
    "<": "lower",
    "<=": "lower",
    ">": "higher",
    ">=": "higher",
    "==": "exact",
}


def row(name: str) -> Callable[[Method], Method]:
    """Mark a test as a row in the table of suites, such as `@row("N1")`."""

    def mark(method: Method) -> Method:
        method.row = name  # type: ignore[attr-defined]
        return method

    return mark


class PerformanceTestCase(TransactionTestCase):
    """A test that measures: real commits, timestamped users, metrics with targets.

    Set `suite` on each class: it groups the results and is what `perf --suites` chooses by. The
    first line of a test's docstring is its title. A class that overrides `setUp` calls
    `super().setUp()` first.

    A test fails when an *asked* target is missed, after everything else has been recorded and
    cleaned up. A missed target of *ours*, and an inconclusive number, fail nothing here.

    Rows need no clean-up: every table is flushed after each test, whatever its outcome.
    Sockets, servers and files are released with `addCleanup`, which also runs on Ctrl-C.
    """

    suite: ClassVar[str] = "custom"
    on_request: ClassVar[bool] = False
    """Whether `perf` runs the class only where its suite or label is named."""

    listener: Listener = staticmethod(ignore)
    interrupted = False
    """Set where the run was interrupted while the class was set up."""

    def __init__(self, methodName: str = "runTest") -> None:  # noqa: N803 - unittest's name
        super().__init__(methodName)
        self._method = methodName
        self._metrics: dict[str, Metric] = {}
        self._series: list[Series] = []
        self._histograms: dict[str, str] = {}
        self._notes: list[str] = []

    def setUp(self) -> None:
        super().setUp()
        if self.interrupted:
            raise Interrupted("The run was interrupted.")
        # The first clean-up to be added is the last to be run.
        self.addCleanup(self._require_targets)

    @property
    def row(self) -> str:
        """The row in the table of suites; empty for a test that is in none."""
        return getattr(getattr(self, self._method), "row", "")

    @property
    def title(self) -> str:
        """The first line of the docstring, or else the method's name as words."""
        words = self._method.removeprefix("test_").replace("_", " ")
        return self.shortDescription() or words

    @property
    def server_name(self) -> Server:
        """The server to put under load."""
        return configuration.SERVER

    @property
    def timeout_seconds(self) -> float:
        """The longest to wait for any one thing."""
        return configuration.TIMEOUT_SECONDS

    def scaled(self, *, smoke: T, standard: T, extended: T) -> T:
        """The workload for the scale of this run."""
        sizes: dict[Scale, T] = {"smoke": smoke, "standard": standard, "extended": extended}
        return sizes[configuration.SCALE or "smoke"]

    def create_users(self, count: int) -> list[User]:
        """Store `count` users named `perf_<UTC time>_<n>`, in one go, without a password."""
        user_model = get_user_model()
        stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        users = [
            user_model(**{user_model.USERNAME_FIELD: f"perf_{stamp}_{number}"})
            for number in range(count)
        ]
        for user in users:
            user.set_unusable_password()
        return user_model._default_manager.bulk_create(users, batch_size=1000)

    def measure(
        self,
        name: str,
        value: float | None,
        unit: str,
        *,
        better: Better = "",
        asked: str = "",
        ours: str = "",
        doubt: str = "",
    ) -> Metric:
        """Record one number with its targets, such as `asked="< 100"`, in the same unit.

        `better` follows from the targets unless it is given. `doubt` says why the number cannot
        be trusted, which makes it inconclusive. Raises `ValueError` for a name that was measured
        before in this test, a value that is not finite, or a target that cannot be read.
        """
        if name in self._metrics:
            raise ValueError(f"{name!r} has been measured already in this test")
        if value is not None and not math.isfinite(value):
            raise ValueError(f"{name!r} is {value}; give None and a doubt for what has no value")
        targets = [Target.parse(text) if text else None for text in (asked, ours)]
        known = next((target for target in targets if target), None)
        metric = Metric(
            name=name,
            value=None if value is None else float(value),
            unit=unit,
            better=better or (BETTER_BY_OPERATOR[known.operator] if known else ""),
            asked=targets[0],
            ours=targets[1],
            doubt=doubt,
        )
        self._metrics[name] = metric
        return metric

    def note(self, text: str) -> None:
        """Record a sentence for the reader of the report."""
        self._notes.append(text)

    def record_series(self, *series: Series) -> None:
        """Record quantities over time, such as `ResourceMonitor.series()`."""
        self._series.extend(series)

    def record_histogram(self, name: str, histogram: LatencyHistogram) -> None:
        """Record a whole distribution of latencies; raises `ValueError` for a name used before."""
        if name in self._histograms:
            raise ValueError(f"{name!r} has been recorded already in this test")
        self._histograms[name] = histogram.encode()

    def progress(self, text: str, done: float | None = None, total: float | None = None) -> None:
        """Tell whoever watches what goes on now, with the live figure in `text`."""
        self.listener(Progress(text, done, total))

    def result(self, outcome: Outcome, seconds: float, detail: str) -> Result:
        """What was recorded, as the result of a test that ended with `outcome`."""
        return Result(
            test=self.id(),
            suite=self.suite,
            row=self.row,
            title=self.title,
            outcome=outcome,
            seconds=seconds,
            metrics=tuple(self._metrics.values()),
            series=tuple(self._series),
            histograms=dict(self._histograms),
            notes=tuple(self._notes),
            detail=detail,
        )

    def _require_targets(self) -> None:
        missed = [m for m in self._metrics.values() if m.asked_verdict is Verdict.FAIL]
        if missed:
            raise TargetMissed("; ".join(map(describe_miss, missed)))


def describe_miss(metric: Metric) -> str:
    """A missed target in words."""
    return f"{metric.name} is {format_value(metric.value, metric.unit)}, asked {metric.asked}"

"""The base class of every performance test."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar

from django.contrib.auth.models import User
from django.test import TransactionTestCase, tag

from .conf import Scale, Server, configuration
from .exceptions import Interrupted, NothingMeasured, TargetMissed
from .measure.histogram import LatencyHistogram
from .measure.series import Series
from .measure.stats import Interval
from .measure.units import format_value
from .records.events import Figure, Listener, Progress, ignore
from .records.results import Outcome, Result
from .records.storable import (
    LONGEST,
    plain,
    require_metric,
    require_name,
    require_note,
    require_number,
    require_series,
    require_text,
    shown,
)
from .records.targets import Better, Metric, Target, Verdict
from .records.workload import Chosen
from .users import create_users
from .workloads import Workload

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


def row(name: str, *, counts: Iterable[str] = ()) -> Callable[[Method], Method]:
    """Mark a test as a row in the table of suites, such as `@row("N1")`.

    Of what it measures these `counts` decide: a test that ends without each of them, required, has
    failed. `"missing"` stands for `"few: missing"` and `"100 clients, missing"` as well.

    Raises `ValueError` for a name of more than 16 characters, or of none that can be stored.
    """
    require_text("the name of a row", name, LONGEST["row"])

    def mark(method: Method) -> Method:
        method.row = name  # type: ignore[attr-defined]  # read by the runner
        method.counts = tuple(counts)  # type: ignore[attr-defined]  # as well
        return method

    return mark


@tag("slow")
class PerformanceTestCase(TransactionTestCase):
    """A test that measures: real commits, timestamped users, metrics with targets.

    Set `suite` on each class: it groups the results and is what `perf --suites` chooses by. The
    first line of a test's docstring is its title. A class that overrides `setUp` calls
    `super().setUp()` first.

    A test fails when a *required* target is missed, after everything else has been recorded and
    cleaned up, and when it came to its end and measured nothing. A missed *goal*, and an
    inconclusive number, fail nothing here.

    Rows need no clean-up: every table is flushed after each test, whatever its outcome.
    Sockets, servers and files are released with `addCleanup`, which also runs on Ctrl-C.
    """

    suite: ClassVar[str] = "custom"
    on_request: ClassVar[bool] = False
    """Whether it runs only where its suite, label or tag is named, by `perf` as by `test`."""

    listener: Listener = staticmethod(ignore)
    workload: tuple[Chosen, ...] = ()
    """How much the test does, once it has begun; see `perftests.workloads`."""

    interrupted = False
    """Set where the run was interrupted while the class was set up."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a class whose `suite` no result could be stored under."""
        super().__init_subclass__(**kwargs)
        require_text(f"The suite of {cls.__name__}", cls.suite, LONGEST["suite"])
        if cls.on_request:
            tag("on_request")(cls)

    def __init__(self, methodName: str = "runTest") -> None:  # noqa: N803 - unittest's name
        super().__init__(methodName)
        # The class's method: over an asynchronous one Django puts another, which has no marks.
        self._marked = getattr(type(self), methodName, None)
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
        return getattr(self._marked, "row", "")

    @property
    def counts(self) -> tuple[str, ...]:
        """The counts that have to be measured and required."""
        return getattr(self._marked, "counts", ())

    @property
    def workload_kind(self) -> type[Workload] | None:
        """What the test is given by `@workload`."""
        return getattr(self._marked, "workload", None)

    @property
    def title(self) -> str:
        """The first line of the docstring, or else the method's name as words."""
        words = self._testMethodName.removeprefix("test_").replace("_", " ")
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
        """What fits the scale of this run. Numbers that a project may set are a `Workload`."""
        sizes: dict[Scale, T] = {"smoke": smoke, "standard": standard, "extended": extended}
        return sizes[configuration.SCALE or "smoke"]

    def create_users(self, count: int) -> list[User]:
        """Store `count` active users named `perf_<UTC time>_<n>`, without a password.

        Override it where your user model wants to be told more.
        """
        return create_users(count)

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
    ) -> Metric:
        """Record one number with its targets, such as `required="< 100"`, in the same unit.

        `better` follows from the targets unless it is given. `doubt` says why the number cannot
        be trusted, which makes it inconclusive. An `interval` has to keep a target as a whole, or
        miss it as a whole; otherwise nobody can tell.

        Raises `ValueError` for a name that was measured before in this test, a value that is not
        finite, a target that cannot be read, or whatever else cannot be stored.
        """
        if require_name("the name of a metric", name) in self._metrics:
            raise ValueError(f"{name!r} has been measured already in this test")
        targets = parse_target("required", required), parse_target("goal", goal)
        known = next(filter(None, targets), None)
        metric = Metric(
            name=name,
            value=None if value is None else require_number(repr(name), value),
            unit=unit,
            better=better or (BETTER_BY_OPERATOR[known.operator] if known else ""),
            required=targets[0],
            goal=targets[1],
            doubt=doubt,
            low=interval.low if interval else None,
            high=interval.high if interval else None,
        )
        return self._metrics.setdefault(name, require_metric(metric))

    def note(self, text: str) -> None:
        """Record a sentence for the reader of the report; raises `ValueError` for no text."""
        self._notes.append(require_note(text))

    def record_series(self, *series: Series) -> None:
        """Record quantities over time, such as `ResourceMonitor.series()`.

        Raises `ValueError` for one that cannot be stored, such as with a number that is not finite.
        """
        self._series.extend([require_series(each) for each in series])

    def record_histogram(self, name: str, histogram: LatencyHistogram) -> None:
        """Record a whole distribution of latencies.

        Raises `ValueError` for a name used before, and for what is no histogram.
        """
        if require_name("the name of a histogram", name) in self._histograms:
            raise ValueError(f"{name!r} has been recorded already in this test")
        if not isinstance(histogram, LatencyHistogram):
            raise ValueError(f"{name!r} has to be a LatencyHistogram, not {shown(histogram)}")
        self._histograms[name] = histogram.encode()

    def progress(
        self,
        text: str,
        done: float | None = None,
        total: float | None = None,
        *,
        value: float | None = None,
        unit: str = "",
    ) -> None:
        """Tell whoever watches what goes on now; an empty `text` is that of the `value`.

        What is measured meanwhile, a `value` in `unit`, the admin draws while the run goes on.
        Raises `ValueError` for a `done`, `total` or `value` that is no number.
        """
        done, total, value = (
            None if number is None else require_number("a number of progress", number)
            for number in (done, total, value)
        )
        if value is not None:
            text = text or format_value(value, unit)
            self.listener(Figure(plain(self.title), value, plain(unit, LONGEST["unit"])))
        self.listener(Progress(plain(text), done, total))

    def result(self, outcome: Outcome, seconds: float, detail: str) -> Result:
        """What was recorded, as the result of a test that ended with `outcome`."""
        return Result(
            test=self.id(),
            suite=self.suite,
            row=self.row,
            title=self.title,
            outcome=outcome,
            seconds=seconds,
            workload=self.workload,
            metrics=tuple(self._metrics.values()),
            series=tuple(self._series),
            histograms=dict(self._histograms),
            notes=tuple(self._notes),
            detail=detail,
        )

    def _callTestMethod(self, method: Callable[[], object]) -> None:  # noqa: N802 - unittest's
        super()._callTestMethod(method)  # type: ignore[misc]  # unittest's own
        if not self._metrics:
            raise NothingMeasured("It came to its end and measured nothing.")
        required = [m.name for m in self._metrics.values() if m.required is not None]
        if lost := [count for count in self.counts if not any(is_of(count, n) for n in required)]:
            raise NothingMeasured(f"It measured nothing required as {', '.join(lost)}.")

    def _require_targets(self) -> None:
        missed = [m for m in self._metrics.values() if m.required_verdict is Verdict.FAIL]
        if missed:
            raise TargetMissed("; ".join(map(describe_miss, missed)))


def is_of(count: str, name: str) -> bool:
    """Whether a metric of this name is such a count, perhaps of one part of a test."""
    return name == count or name.endswith((f": {count}", f", {count}"))


def parse_target(keyword: str, text: str) -> Target | None:
    """The target that `measure` was given so, if any; raises `ValueError` for what is none."""
    if text in ("", None):
        return None
    try:
        return Target.parse(text)
    except ValueError as error:
        raise ValueError(f"{keyword}: {error}") from None


def describe_miss(metric: Metric) -> str:
    """A missed target in words."""
    return f"{metric.name} is {metric.text}, required {metric.required}"


def workload_kinds(tests: Iterable[PerformanceTestCase]) -> dict[str, list[type[Workload]]]:
    """The workloads of these tests by their rows; a row may be more than one test."""
    kinds: dict[str, list[type[Workload]]] = {}
    for test in tests:
        of_row = kinds.setdefault(test.row, [])
        of_row += [test.workload_kind] if test.workload_kind else []
    return kinds

"""Each metric over the stored runs that are like each other, and where its level has changed."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from django.db.models import QuerySet

from ..exceptions import PerftestsError
from ..measure.changepoints import Step, find_steps
from ..measure.stats import Interval
from ..measure.units import format_value
from ..models import PerfMetric, PerfResult, PerfRun
from ..records import codec
from ..records.results import State
from ..records.workload import Chosen, workload_text

MOST_RUNS = 50
"""The newest that are looked at. With 500 metrics each they take two seconds, most of them to look
for steps."""

MOST_ALIKE = 20
"""Points of a line that is as small as a word."""

Direction = Literal["worse", "better", "changed"]


@dataclass(frozen=True, slots=True)
class Measured:
    """What of: values of equal ones may be compared, as they differ in the code alone.

    `place` is the machine, server, database and scale, `workload` how much the row did.
    """

    place: str
    workload: str
    test: str
    row: str
    name: str
    unit: str
    better: str


class Sample(NamedTuple):
    """A value of a run, with its interval if that is known."""

    run: int
    of: Measured
    value: float
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Trend:
    """The values of one metric, oldest first; `runs` are the numbers of the runs."""

    of: Measured
    runs: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    intervals: list[Interval | None] = field(default_factory=list)

    def add(self, sample: Sample) -> None:
        """Take in the value of the next run."""
        self.runs.append(sample.run)
        self.values.append(sample.value)
        self.intervals.append(sample.interval)

    def steps(self) -> list[Step]:
        """Where its level has changed, oldest first."""
        return find_steps(self.values)

    def direction(self, step: Step) -> Direction:
        """Which way a step went; only "changed" where neither way is better."""
        if self.of.better not in ("lower", "higher"):
            return "changed"
        return "better" if (step.after > step.before) is (self.of.better == "higher") else "worse"


def read(rows: Collection[str] = ()) -> list[Trend]:
    """The metrics of these rows, or of all, over the newest runs of the suites that have ended.

    Values in doubt are left out. Raises `PerftestsError` for a row that no stored run has.
    """
    _require_stored(rows)
    ended = PerfRun.objects.measured().exclude(state=State.RUNNING)
    return of(ended[:MOST_RUNS], rows=rows)


def of(
    newest: Iterable[PerfRun],
    tests: Collection[str] = (),
    *,
    rows: Collection[str] = (),
    names: Collection[str] = (),
) -> list[Trend]:
    """The metrics of these tests, rows and names, or of all, over these runs, given the newest
    first."""
    places = {run.pk: place(run) for run in reversed(list(newest))}
    results = PerfResult.objects.filter(run__in=places)
    for column, wanted in (("test", tests), ("row", rows)):
        results = results.filter(**{f"{column}__in": wanted}) if wanted else results
    trends: dict[Measured, Trend] = {}
    order = {run: at for at, run in enumerate(places)}
    for sample in sorted(_samples(results, places, names), key=lambda each: order[each.run]):
        trends.setdefault(sample.of, Trend(sample.of)).add(sample)
    return list(trends.values())


def alike(run: PerfRun, names: Collection[str]) -> dict[tuple[str, str], list[float]]:
    """The values of these metrics, by test and name, in the newest runs up to this one that were
    measured in its place and with its workload; the oldest first."""
    ended = PerfRun.objects.measured().exclude(state=State.RUNNING)
    newest = ended.filter(started_at__lte=run.started_at)[:MOST_ALIKE]
    found = of([each for each in newest if place(each) == place(run)], names=names)
    own = [trend for trend in found if run.pk in trend.runs]
    return {(trend.of.test, trend.of.name): trend.values for trend in own}


def place(run: PerfRun) -> str:
    """What runs need to have in common to be compared, but for their workloads."""
    ran_on, memory = run.environment, run.environment.get("memory_bytes")
    words = (
        run.parameters.get("scale"),
        run.parameters.get("server"),
        ran_on.get("database", {}).get("vendor"),
        ran_on.get("channel_layer", "").rpartition(".")[2],
        ran_on.get("cpu"),
        f"{ran_on['cores']} cores" if "cores" in ran_on else "",
        format_value(memory / 1e9, "GB") if memory else "",
    )
    return ", ".join(map(str, filter(None, words)))


def _samples(
    results: QuerySet[PerfResult], places: dict[int, str], names: Collection[str]
) -> Iterator[Sample]:
    """In the order in which they were stored."""
    known = {}
    for pk, run, test, row, workload in results.values_list("pk", "run", "test", "row", "workload"):
        chosen = codec.from_builtins(workload, tuple[Chosen, ...])
        known[pk] = run, (places[run], workload_text(chosen), test, row)
    metrics = PerfMetric.objects.filter(result__in=results, value__isnull=False, doubt="")
    if names:
        metrics = metrics.filter(name__in=names)
    columns = "result", "name", "unit", "better", "value", "low", "high"
    for result, name, unit, better, value, low, high in metrics.values_list(*columns):
        run, where = known[result]
        interval = None if low is None or high is None else Interval(low, high)
        yield Sample(run, Measured(*where, name, unit, better), value, interval)


def _require_stored(rows: Collection[str]) -> None:
    stored = PerfResult.objects.exclude(row="").order_by("row").values_list("row", flat=True)
    known = list(stored.distinct())
    for row in rows:
        if row not in known:
            there = f"those that have are {', '.join(known)}" if known else "no run is stored"
            raise PerftestsError(f"No stored run has the row {row}; {there}.")

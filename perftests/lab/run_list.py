"""What the list of runs shows of each: its suites, and its headlines in the runs that are alike."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from ..models import PerfResult, PerfRun
from ..reports import trends
from ..reports.trends import Trend
from .drawings.small import spark
from .headline import usual

MOST_SPARKS = 3
"""For a run: the headlines of the first tests of its suites."""

MOST_SUITES = 2 * MOST_SPARKS
"""Of a run that are looked at for those, as the first test of some only counts."""

MOST_RUNS = 20
"""In a line."""

Firsts = Mapping[str, str]
"""The first test of each suite of a run, by suite."""


@dataclass(frozen=True, slots=True)
class Spark:
    """A headline in the runs of the list that are alike, up to this one: points and words."""

    row: str
    name: str
    points: str
    runs: int


@dataclass(frozen=True, slots=True)
class Listed:
    """What stands beside a run."""

    suites: list[str] = field(default_factory=list)
    sparks: list[Spark] = field(default_factory=list)


def listed(runs: Sequence[PerfRun]) -> dict[int, Listed]:
    """The same for each of these runs, by three queries for them all."""
    firsts = _firsts(runs)
    measured = [run for run in runs if "against" not in run.parameters]
    newest = sorted(measured, key=lambda run: (run.started_at, run.pk), reverse=True)
    tests = {test for each in firsts.values() for test in list(each.values())[:MOST_SUITES]}
    headlines = _headlines(trends.of(newest, tests))
    return {
        run: Listed(list(suites), list(islice(_sparks(run, suites, headlines), MOST_SPARKS)))
        for run, suites in firsts.items()
    }


def _firsts(runs: Iterable[PerfRun]) -> Mapping[int, Firsts]:
    results = PerfResult.objects.filter(run__in=[run.pk for run in runs])
    firsts: dict[int, dict[str, str]] = {run.pk: {} for run in runs}
    for run, suite, test in results.values_list("run", "suite", "test"):
        firsts[run].setdefault(suite, test)
    return firsts


def _headlines(found: Iterable[Trend]) -> dict[tuple[int, str], tuple[Trend, int]]:
    """By run and test the trend of the usual headline, and where in it the run stands."""
    chosen: dict[tuple[int, str], tuple[Trend, int]] = {}
    telling = [trend for trend in found if trend.of.better in ("lower", "higher")]
    for trend in sorted(telling, key=lambda trend: usual(trend.of.unit, trend.of.better)):
        for at, run in enumerate(trend.runs):
            chosen.setdefault((run, trend.of.test), (trend, at))
    return chosen


def _sparks(
    run: int, suites: Firsts, headlines: Mapping[tuple[int, str], tuple[Trend, int]]
) -> Iterator[Spark]:
    for test in suites.values():
        if found := headlines.get((run, test)):
            trend, at = found
            values = trend.values[: at + 1][-MOST_RUNS:]
            if points := spark(values):
                yield Spark(trend.of.row, trend.of.name, points, len(values))

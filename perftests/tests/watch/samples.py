"""Causes and runs for the tests of watching."""

from perftests import store
from perftests.models import PerfRun
from perftests.records.causes import Cause, Key, Kind
from perftests.records.results import State
from perftests.records.targets import Metric, Target
from perftests.reports import trends

from ..admin_pages import make_result
from ..sample_reports import ENVIRONMENT

TEST = "suites.Tests.test_delivery"
PARAMETERS = {"scale": "smoke", "server": "daphne"}
QUICK, SLOW = (Metric("p99", ms, "ms", "lower", Target("<", 100)) for ms in (50.0, 120.0))
FEW, MANY = (Metric("queries", number, "queries", "lower") for number in (3.0, 4.0))


def make_cause(name="p99", kind=Kind.MISSED, test=TEST, since=0, metric=SLOW, **fields):
    key = Key(kind, "here", "", test, name, since)
    return Cause(key, "N1", metric, **fields)


def result_of(*metrics, test=TEST, **fields):
    return make_result(test, metrics=metrics, **fields)


def watched(*results, state=State.FINISHED, **parameters):
    """A run of `perf watch` with these results, which is not judged yet."""
    run = store.start("watch", {**PARAMETERS, **parameters}, ENVIRONMENT, to_judge=True)
    for result in results:
        store.add(run, result)
    store.finish(run, state, 10.0)
    return run


def place():
    return trends.place(PerfRun(parameters=PARAMETERS, environment=ENVIRONMENT))

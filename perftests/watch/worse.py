"""Numbers of a run that are worse than in an earlier one; pure.

A count that was the same in the runs before is one of the code, so any change is one; others
depend on what happened to come together. The times of two runs of the same code differ: one is
worse where both have an interval, and all of their ratio lies beyond the usual noise. All else is
left to the steps.
"""

from collections.abc import Collection, Iterable, Iterator

from ..measure.changepoints import LEAST_RUNS
from ..records.causes import Cause, Key, Kind
from ..records.results import Result
from ..records.targets import Metric, Verdict
from ..records.workload import workload_text
from ..reports.side_by_side.changes import Change, is_counted
from ..reports.side_by_side.comparison import Comparison
from ..reports.side_by_side.effects import Told, effects
from ..reports.trends import Trend
from .findings import Findings, Open

Named = tuple[str, str]
"""A metric by its test and name."""


def steady(trends: Iterable[Trend]) -> set[Named]:
    """What was the same in the runs before the newest one, of which it takes a few."""
    before = {(t.of.test, t.of.name): t.values[-1 - LEAST_RUNS : -1] for t in trends}
    return {
        name for name, values in before.items() if len(values) == LEAST_RUNS and len({*values}) == 1
    }


def worse(
    comparison: Comparison | None,
    results: tuple[Result, ...],
    place: str,
    known: Open,
    *,
    steady: Collection[Named],
    pinned: bool,
) -> Findings:
    """Of the results of a run that was compared with an earlier one.

    What is known already is compared with what it was worse than at first, or else the next run
    would find the new level normal; a pinned run is what everything is compared with.
    """
    findings = Findings()
    earlier = dict(_earlier(comparison))
    for result in results:
        for metric in result.metrics:
            key = Key(
                Kind.REGRESSION, place, workload_text(result.workload), result.test, metric.name
            )
            name = result.test, metric.name
            before = earlier.get(name)
            if key in known and not (pinned and before):
                before = known[key].before
            elif is_counted(metric) and key not in known and name not in steady:
                continue
            if before:
                cause = Cause(key, result.row, metric, before)
                findings.add(cause, is_worse(before, metric))
    return findings


def _earlier(comparison: Comparison | None) -> Iterator[tuple[Named, Metric]]:
    """The metrics of the earlier run, by test and name, of the tests that can be compared."""
    for before, _now in comparison.tests if comparison else ():
        for metric in before.metrics:
            yield (before.test, metric.name), metric


def is_worse(before: Metric, now: Metric) -> bool | None:
    """`None` where nobody can tell: in doubt, in another unit, without a better direction.

    What misses its required target is told as that, and not a second time.
    """
    unknown = any(metric.value is None or metric.doubt for metric in (before, now))
    if unknown or before.unit != now.unit or now.required_verdict is Verdict.FAIL:
        return None
    change = Change.of("", (before, now))
    if change.counted:
        return _counts_more(now.better, *change.values)
    told = [effect.told for effect in effects(change) if effect.interval]
    match now.better:
        case "lower":
            return told[0] is Told.HIGHER if told else None
        case "higher":
            return told[0] is Told.LOWER if told else None
        case _:
            return None


def _counts_more(better: str, before: float, now: float) -> bool | None:
    match better:
        case "exact":
            return now != before
        case "lower":
            return now > before
        case "higher":
            return now < before
        case _:
            return None

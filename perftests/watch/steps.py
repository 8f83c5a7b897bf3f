"""Metrics whose level over the runs has become worse with one of them; pure."""

from collections.abc import Collection, Iterable, Iterator
from typing import cast

from ..measure.changepoints import LEAST_RUNS, Step
from ..records.causes import Cause, Key, Kind
from ..records.targets import Better, Metric
from ..reports.trends import Trend
from .findings import Findings, Open


def steps(trends: Iterable[Trend], known: Open, ever: Collection[Key]) -> Findings:
    """Of trends that end with the run; `ever` are the keys of all steps that were ever told.

    A step that is known is over when as many runs as show one are back, and not before: the next
    run may be an odd one, and the first run of a step moves a little with each that follows.
    """
    findings = Findings()
    for trend in trends:
        for cause in _known(trend, known):
            findings.add(cause, not _is_back(trend.values, *_levels(cause)))
        for step in trend.steps()[-1:]:
            told = any(_is_same(trend, step, key) for key in ever if _is_of(trend, key))
            if not told and trend.direction(step) == "worse":
                back = _is_back(trend.values, step.before, step.after)
                findings.add(_cause(trend, step), not back)
    return findings


def _known(trend: Trend, known: Open) -> Iterator[Cause]:
    return (cause for key, cause in known.items() if _is_of(trend, key))


def _key(trend: Trend, since: int = 0) -> Key:
    of = trend.of
    return Key(Kind.STEP, of.place, of.workload, of.test, of.name, since)


def _is_of(trend: Trend, key: Key) -> bool:
    return key._replace(since=0) == _key(trend)


def _is_same(trend: Trend, step: Step, key: Key) -> bool:
    """Whether a step that was told began about where this one does."""
    return key.since in trend.runs and abs(trend.runs.index(key.since) - step.index) <= LEAST_RUNS


def _is_back(values: list[float], before: float, after: float) -> bool:
    """Whether the newest runs are all nearer to the level before than to that after."""
    half = abs(after - before) / 2
    newest = values[-LEAST_RUNS:]
    return all((after - value if after > before else value - after) > half for value in newest)


def _levels(cause: Cause) -> tuple[float, float]:
    """Before and after the step."""
    assert cause.before is not None
    assert cause.before.value is not None
    assert cause.metric is not None
    assert cause.metric.value is not None
    return cause.before.value, cause.metric.value


def _cause(trend: Trend, step: Step) -> Cause:
    better = cast(Better, trend.of.better)  # as stored
    before, after = (
        Metric(trend.of.name, level, trend.of.unit, better) for level in (step.before, step.after)
    )
    return Cause(_key(trend, trend.runs[step.index]), trend.of.row, after, before)

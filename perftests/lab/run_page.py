"""The page of a run: what it came to on one screen, and then each test in a line, worst first."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .. import store
from ..models import PerfRun
from ..records.environment import short
from ..records.results import COMPARED, COUNTS, Report, Result
from ..records.targets import Metric, Target
from ..reports import trends
from ..reports.exports.page import charts, worst_first
from ..reports.exports.svg import Chart
from ..reports.side_by_side.changes import Change
from ..reports.side_by_side.comparison import Comparison
from ..reports.side_by_side.effects import NOISE
from ..reports.side_by_side.printing import caution
from ..reports.verdict import compared, doubts, missed, summary
from .drawings.small import Bar, bar, spark
from .earlier import with_earlier
from .headline import deciding, headline, is_noticed


@dataclass(frozen=True, slots=True)
class Line:
    """A test as the page shows it: `spark` are the points of its headline in runs that are alike,
    `change` is that since the earlier run, `trended` the test whose metrics have trends,
    `exact` the counts that allow for one value alone, such as those of what was delivered."""

    result: Result
    headline: Metric | None
    target: Target | None
    bar: Bar | None
    spark: str
    runs: int
    change: str
    noticed: list[Metric]
    passing: list[Metric]
    charts: list[Chart]
    trended: str
    exact: list[Metric]


def context(run: PerfRun) -> dict[str, Any]:
    """What the template of the page needs."""
    report = store.load(run)
    comparison = with_earlier(report, run)
    return {
        "report": report,
        "summary": summary(report).plain,
        "machine": short({**run.environment, "git": None}),
        "compared": _texts(compared(report.results)),
        "missed": _texts(missed(report.results, lambda m: m.required)),
        "goals": _texts(missed(report.results, lambda m: m.goal)),
        "doubts": _texts(doubts(report.results)),
        "changes": _changes(comparison),
        "earlier": comparison.reports[0].run if comparison else None,
        "caution": caution(comparison) if comparison else "",
        "lines": _lines(run, report, comparison),
    }


def _texts(lines: Iterable[Iterable[Any]]) -> list[list[str]]:
    return [[*map(str, line)] for line in lines]


def _changes(comparison: Comparison | None) -> list[Change]:
    """Every count that changed, and of what was measured all that is more than the usual noise."""
    if comparison is None:
        return []
    measured = [
        c for c in comparison.measured if math.isfinite(c.effect) and c.effect > math.log(NOISE)
    ]
    return [*(c for c in comparison.counts if c.effect), *measured]


def _lines(run: PerfRun, report: Report, comparison: Comparison | None) -> list[Line]:
    heads = {result.test: headline(result) for result in report.results}
    names = {metric.name for metric in heads.values() if metric}
    history = trends.alike(run, names)
    changes = {(c.test, c.name): c.text for c in comparison.changes} if comparison else {}
    return [
        _line(result, heads[result.test], history, changes)
        for result in worst_first(report.results)
    ]


def _line(
    result: Result,
    head: Metric | None,
    history: Mapping[tuple[str, str], list[float]],
    changes: Mapping[tuple[str, str], str],
) -> Line:
    name = head.name if head else ""
    values = history.get((result.test, name), [])
    noticed = [metric for metric in result.metrics if is_noticed(metric)]
    return Line(
        result=result,
        headline=head,
        target=deciding(head) if head else None,
        bar=bar(head) if head else None,
        spark=spark(values),
        runs=len(values),
        change=changes.get((result.test, name), ""),
        noticed=noticed,
        passing=[metric for metric in result.metrics if not is_noticed(metric)],
        charts=charts(result),
        exact=[m for m in result.metrics if m.required and m.required.operator == "=="],
        trended="" if result.suite in (COMPARED, COUNTS) else result.test,
    )

"""The report as one HTML file: summary first, charts as SVG, nothing to fetch, no script."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import override

from ...measure.histogram import LatencyHistogram
from ...records.results import Report, Result
from ...records.targets import Verdict
from ..console import duration, score
from ..verdict import compared, doubts, headline, missed, summary
from .svg import Chart, latency_chart, series_charts

WORST_FIRST = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)


@dataclass(frozen=True, slots=True)
class Row:
    """A test as the page shows it."""

    result: Result
    required: str
    goals: str
    time: str
    charts: list[Chart]


def render(report: Report) -> str:
    """The page, which opens offline and prints; in English, as are the words of what it reports."""
    with override("en"):
        return str(render_to_string("perftests/report.html", _context(report)))


def _context(report: Report) -> dict[str, Any]:
    return {
        "report": report,
        "headline": headline(report).plain,
        "summary": summary(report).plain,
        "compared": [[*map(str, line)] for line in compared(report.results)],
        "missed": [[*map(str, line)] for line in missed(report.results, lambda m: m.required)],
        "goals": [[*map(str, line)] for line in missed(report.results, lambda m: m.goal)],
        "doubts": [[*map(str, line)] for line in doubts(report.results)],
        "rows": [*map(_row, worst_first(report.results))],
    }


def worst_first(results: Iterable[Result]) -> list[Result]:
    """What failed, then what cannot be told, then the rest, each in the order in which it ran."""
    return sorted(results, key=lambda result: WORST_FIRST.index(result.verdict))


def charts(result: Result) -> list[Chart]:
    """Its latencies by percentile, and its series over time."""
    decoded = {name: LatencyHistogram.decode(text) for name, text in result.histograms.items()}
    latency = latency_chart(decoded)
    return [*([latency] if latency else []), *series_charts(result.series)]


def _row(result: Result) -> Row:
    return Row(
        result,
        score(metric.required_verdict for metric in result.metrics),
        score(metric.goal_verdict for metric in result.metrics),
        duration(result.seconds),
        charts(result),
    )

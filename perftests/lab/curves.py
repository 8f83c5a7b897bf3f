"""The latencies of a test by percentile, those of several runs in one drawing."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..measure.histogram import LatencyHistogram
from ..records.results import Result
from ..reports.exports.svg import Chart, latency_chart
from ..reports.side_by_side.comparison import Comparison, run_name

MOST_CHARTS = 3
"""Of one test."""


@dataclass(frozen=True, slots=True)
class Curves:
    """One test, drawn, and all those of which there is something to draw."""

    tests: Sequence[Result]
    drawn: Result
    charts: Sequence[Chart]


def overlaid(comparison: Comparison, test: str) -> Curves | None:
    """The curves of this test, or of that which has changed most; `None` where none has any."""
    having = {results[0].test: results for results in comparison.tests if _common(results)}
    if not having:
        return None
    changed = [change.row for change in comparison.measured]
    rank = {row: at for at, row in reversed(list(enumerate(changed)))}
    most = min(having.values(), key=lambda results: rank.get(results[0].row, len(rank)))
    results = having.get(test) or most
    names = [run_name(report) for report in comparison.reports]
    charts = []
    for histogram in _common(results)[:MOST_CHARTS]:
        decoded = [LatencyHistogram.decode(result.histograms[histogram]) for result in results]
        if chart := latency_chart(dict(zip(names, decoded, strict=True)), histogram):
            charts.append(chart)
    return Curves([each[0] for each in having.values()], results[0], charts)


def _common(results: Sequence[Result]) -> list[str]:
    """The histograms that all of these have."""
    return [name for name in results[0].histograms if all(name in r.histograms for r in results)]

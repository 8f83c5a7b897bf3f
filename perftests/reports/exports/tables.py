"""What a chart shows, as a table: for who cannot see it, and for who wants the numbers."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from ...measure import stats
from ...measure.histogram import LatencyHistogram
from ...measure.series import Series
from ...measure.units import MISSING, format_value

TOLD = ("p50", "p90", "p99", "p99.9")
"""With the longest, as many as stand side by side on a phone."""

FITTED = "MB"
"""The unit of which a slope tells something: whether memory grows."""

A_MOMENT = 0.1
"""In seconds: the first reading is never at 0."""


@dataclass(frozen=True, slots=True)
class Table:
    """The heads of its columns, and a row for each line, all in one unit."""

    unit: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


def by_percentile(histograms: Mapping[str, LatencyHistogram]) -> Table:
    """The percentiles of which there are enough samples, and the longest latency, in ms."""
    rows = []
    for name, histogram in histograms.items():
        told = histogram.percentiles()
        values = [*map(told.get, TOLD), histogram.maximum]
        rows.append([name, *(format_value(value, "") for value in values)])
    return Table("ms", [_("latency"), *TOLD, _("longest")], rows)


def over_time(series: Sequence[Series], moments: Sequence[float], unit: str) -> Table:
    """The values at these moments, each as it was read last, and how fast memory has grown."""
    rows = [[each.name, *(_text(each, moment) for moment in moments)] for each in series]
    heads = [_("line"), *(format_value(moment, "") for moment in moments)]
    if unit == FITTED:
        heads.append(_("fitted, per second"))
        rows = [[*row, _slope(each)] for row, each in zip(rows, series, strict=True)]
    return Table(unit, heads, rows)


def _text(series: Series, moment: float) -> str:
    """The last value that had been read by then, or a moment later."""
    read = bisect_right(series.seconds, moment + A_MOMENT)
    return format_value(series.values[read - 1] if read else None, "")


def _slope(series: Series) -> str:
    if len(set(series.seconds)) < 3:
        return MISSING
    return format_value(stats.slope(series.seconds, series.values), "")

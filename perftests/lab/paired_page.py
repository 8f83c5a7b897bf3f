"""The page of a run that compares two versions in pairs: what each ratio says."""

import math
from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import store
from ..compare.verdicts import SAME_MARGIN, Finding
from ..measure.stats import Interval
from ..models import PerfRun
from ..records.results import COMPARED
from ..records.targets import Metric
from ..reports.paired import Ratio, ratios
from . import showing
from .drawings.forest import Forest, ForestLine, Shown

WORDS: Mapping[str, str | Promise] = {
    Finding.SLOWER: gettext_lazy("slower"),
    Finding.FASTER: gettext_lazy("faster"),
    Finding.SAME: gettext_lazy("same"),
    Finding.UNCLEAR: gettext_lazy("can't tell"),
}


def context(run: PerfRun) -> dict[str, Any]:
    """What the template needs; the ratios are in the order of the report, worst first, and the
    farthest from 1 first among those of which the same is said."""
    report = store.readable(run)
    found = [ratio for ratio in ratios(report.results) if ratio.metric.value]
    kinds = list(dict.fromkeys(ratio.finding for ratio in found))
    found.sort(key=lambda ratio: (kinds.index(ratio.finding), -_distance(ratio.metric)))
    values = (ratio.metric.value for ratio in found if ratio.metric.value)
    forest = Forest.around(values, 1 + SAME_MARGIN)
    return {
        "title": _("Two versions in pairs"),
        "paired": True,
        "heads": [showing.head(run)],
        "forest": forest,
        "lines": [_line(ratio, forest) for ratio in found],
        "counted": [r for r in report.results if r.suite != COMPARED],
    }


def _distance(metric: Metric) -> float:
    return abs(math.log(metric.value)) if metric.value and metric.value > 0 else math.inf


def _ends(metric: Metric) -> Interval:
    assert metric.value is not None
    return metric.interval or Interval(metric.value, metric.value)


def _line(ratio: Ratio, forest: Forest) -> ForestLine:
    metric = ratio.metric
    assert metric.value is not None
    mark = forest.mark(metric.value, _ends(metric))
    words = f"{WORDS.get(ratio.finding, ratio.finding)}{ratio.behind}"
    return ForestLine("", metric.name, (), [Shown(metric.text, words, mark)])

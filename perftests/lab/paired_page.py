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
from ..reports.verdict import compared
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
    said = {str(name): str(what) for name, _ratio, what in compared(report.results)}
    kinds = list(dict.fromkeys(map(_kind, said.values())))
    ratios = [m for r in report.results if r.suite == COMPARED for m in r.metrics if m.value]
    ratios.sort(key=lambda m: (kinds.index(_kind(said.get(m.name, kinds[0]))), -_distance(m)))
    forest = Forest.around((m.value for m in ratios if m.value), 1 + SAME_MARGIN)
    return {
        "title": _("Two versions in pairs"),
        "paired": True,
        "heads": [showing.head(run)],
        "forest": forest,
        "lines": [_line(metric, said.get(metric.name, ""), forest) for metric in ratios],
        "counted": [r for r in report.results if r.suite != COMPARED],
    }


def _kind(said: str) -> str:
    """The finding, such as "slower", without the number of pairs behind it."""
    return said.partition(",")[0]


def _distance(metric: Metric) -> float:
    return abs(math.log(metric.value)) if metric.value and metric.value > 0 else math.inf


def _ends(metric: Metric) -> Interval:
    assert metric.value is not None
    return metric.interval or Interval(metric.value, metric.value)


def _line(metric: Metric, said: str, forest: Forest) -> ForestLine:
    assert metric.value is not None
    mark = forest.mark(metric.value, _ends(metric))
    kind = _kind(said)
    words = f"{WORDS.get(kind, kind)}{said.removeprefix(kind)}"
    return ForestLine("", metric.name, (), [Shown(metric.text, words, mark)])

"""One number in several runs: how far it has changed, and whether it was counted."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from django.utils.translation import gettext as _

from ...measure.stats import Interval
from ...measure.units import MISSING, format_value, is_count
from ...records.targets import Metric


@dataclass(frozen=True, slots=True)
class Change:
    """The values of a metric, one of each run, the first of which is what the others change.

    A row may be more than one `test`, which is the label of the one that has the metric.
    `intervals` are those of the values, where they have any.
    """

    row: str
    name: str
    unit: str
    values: tuple[float, ...]
    intervals: tuple[Interval | None, ...]
    counted: bool
    test: str = ""

    @classmethod
    def of(cls, row: str, metrics: Sequence[Metric], test: str = "") -> Self:
        """The change of a metric that has a value in each run, and the same unit."""
        values = tuple(metric.value for metric in metrics if metric.value is not None)
        intervals = tuple(metric.interval for metric in metrics)
        counted = all(map(is_counted, metrics))
        return cls(row, metrics[0].name, metrics[0].unit, values, intervals, counted, test)

    @property
    def effect(self) -> float:
        """How far the values are from the first at most, as the logarithm of their ratio.

        Half is as far as twice. Infinite where there is no ratio: from 0, to 0 or through it.
        """
        return max(map(self._distance, self.values))

    @property
    def text(self) -> str:
        """The change at most: of a count the difference, of anything else the ratio."""
        first, farthest = self.values[0], max(self.values, key=self._distance)
        if self.counted and farthest == first:
            return _("the same")
        if self.counted:
            text = _("{number} more") if farthest > first else _("{number} fewer")
            return text.format(number=format_value(abs(farthest - first), ""))
        if farthest == first:
            return format_value(1.0, "×")
        return MISSING if math.isinf(self.effect) else format_value(farthest / first, "×")

    def _distance(self, value: float) -> float:
        first = self.values[0]
        if value == first:
            return 0.0
        if 0 in (value, first) or (value > 0) is not (first > 0):
            return math.inf
        return abs(math.log(abs(value)) - math.log(abs(first)))


def is_counted(metric: Metric) -> bool:
    """Whether it is the same in each run of the same code, so that any difference is one.

    A mean of counts, such as frames for a notification, is not: it depends on what came together.
    """
    if metric.better == "exact":
        return True
    return metric.value is not None and metric.value % 1 == 0 and is_count(metric.unit)

"""Ratios with their intervals around 1, one under the other, as numbers for SVG."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from django.utils.functional import Promise

from ...measure.stats import Interval
from ...measure.units import format_value

WIDTH, HEIGHT = 220, 20
"""Of the drawing of one ratio, in pixels."""

MARGIN = 6
NARROWEST, WIDEST = 1.25, 8.0
"""How far the axis goes from 1 at least and at most; what lies beyond is at its end."""

ROOM = 1.25


@dataclass(frozen=True, slots=True)
class Mark:
    """A ratio and the ends of its interval, in pixels from the left, and `y` from the top."""

    value: float
    low: float
    high: float
    y: float


@dataclass(frozen=True, slots=True)
class Forest:
    """An axis from 1 ÷ `furthest` to `furthest`, on which half is as far from 1 as twice; between
    1 ÷ `noise` and `noise` nobody can tell."""

    furthest: float
    noise: float

    width, height, middle = WIDTH, HEIGHT, WIDTH / 2

    @classmethod
    def around(cls, ratios: Iterable[float], noise: float) -> Self:
        """An axis on which all of these can be seen; a long interval may reach its ends."""
        logs = [abs(math.log(ratio)) for ratio in ratios if ratio > 0]
        furthest = math.exp(ROOM * max(logs, default=0.0))
        return cls(min(max(furthest, NARROWEST), WIDEST), noise)

    def mark(self, ratio: float, ends: Interval, place: int = 1, places: int = 1) -> Mark:
        """Where a ratio and its interval are on the axis, as one of several under each other."""
        y = round(HEIGHT * place / (places + 1), 1)
        return Mark(self._at(ratio), self._at(ends.low), self._at(ends.high), y)

    @property
    def band(self) -> tuple[float, float]:
        """Where the noise begins, and how wide it is."""
        low, high = self._at(1 / self.noise), self._at(self.noise)
        return low, round(high - low, 1)

    @property
    def axis(self) -> tuple[str, str, str]:
        """What stands at its left end, in the middle and at its right end."""
        left, right = (format_value(end, "×") for end in (1 / self.furthest, self.furthest))
        return left, "1 ×", right

    def _at(self, ratio: float) -> float:
        if ratio <= 0:
            return float(MARGIN)
        share = math.log(ratio) / math.log(self.furthest)
        room = WIDTH / 2 - MARGIN
        return round(WIDTH / 2 + max(-1.0, min(1.0, share)) * room, 1)


@dataclass(frozen=True, slots=True)
class Shown:
    """A ratio in words, what is said of it, and its mark."""

    text: str
    told: str | Promise
    mark: Mark


@dataclass(frozen=True, slots=True)
class ForestLine:
    """A metric: its values, where there are several, and what each but the first is of that."""

    row: str
    name: str
    values: Sequence[str]
    shown: Sequence[Shown]

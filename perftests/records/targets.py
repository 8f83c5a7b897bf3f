"""Targets, metrics and the three verdicts.

A number is only worth a verdict when it can be trusted: too few samples, a saturated load
generator or an offered rate that was not reached make a metric *inconclusive*, in words.
"""

import math
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal, Self

from ..measure.stats import Interval
from ..measure.units import format_value

Operator = Literal["<", "<=", ">", ">=", "=="]
Better = Literal["higher", "lower", "exact", ""]

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}


class Verdict(StrEnum):
    """What a run, a test or a metric comes to."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"

    @classmethod
    def worst(cls, verdicts: Iterable["Verdict"]) -> "Verdict":
        """The gravest of `verdicts`; `PASS` when there are none."""
        seen = set(verdicts)
        for verdict in (cls.FAIL, cls.INCONCLUSIVE):
            if verdict in seen:
                return verdict
        return cls.PASS


class Target:
    """A limit that a metric has to keep, such as `< 100`.

    It is written and stored as that text. So it is no dataclass, of which msgspec makes an object.
    """

    __slots__ = ("limit", "operator")

    def __init__(self, operator: Operator, limit: float) -> None:
        if operator not in OPERATORS:
            raise ValueError(f"{operator!r} is not one of {', '.join(OPERATORS)}")
        self.operator: Final = operator
        self.limit: Final = float(limit)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `"< 100"`; raises `ValueError` for anything else, also for no finite limit."""
        sign, _, limit = str(text).strip().partition(" ")
        try:
            number = float(limit)
        except ValueError:
            number = math.nan
        if sign not in OPERATORS or not math.isfinite(number):
            raise ValueError(f"{text!r} is no target; write it as '< 100'")
        return cls(sign, number)  # type: ignore[arg-type]  # looked up above

    def judge(self, value: float) -> Verdict:
        """Whether `value` keeps the limit."""
        return Verdict.PASS if OPERATORS[self.operator](value, self.limit) else Verdict.FAIL

    def __str__(self) -> str:
        return f"{self.operator} {self.limit!r}".removesuffix(".0")

    def __repr__(self) -> str:
        return f"Target({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Target) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured number with what is required of it and the goal that is better still.

    `required` decides the run. `goal` is stricter: a miss is reported, with by how much,
    and fails nothing. `doubt` says why the number cannot be trusted; it turns a verdict into
    inconclusive. `value` is `None` when it could not be measured, which needs a `doubt`. With
    95 % confidence the true value lies from `low` to `high`, where that is known. The two verdicts
    follow from the rest, also where they are read; `None` without a target.
    """

    name: str
    value: float | None
    unit: str = ""
    better: Better = ""
    required: Target | None = None
    required_verdict: Verdict | None = field(init=False, default=None)
    goal: Target | None = None
    goal_verdict: Verdict | None = field(init=False, default=None)
    doubt: str = ""
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if self.value is None and not self.doubt:
            raise ValueError(f"metric {self.name!r} has no value and no reason why")
        if (self.low is None) is not (self.high is None):
            raise ValueError(f"metric {self.name!r} has one end of an interval, and not the other")
        object.__setattr__(self, "required_verdict", self.judge(self.required))
        object.__setattr__(self, "goal_verdict", self.judge(self.goal))

    def judge(self, target: Target | None) -> Verdict | None:
        """The verdict on one of the two targets; `None` where there is no such target.

        An interval has to lie within the limit or beyond it as a whole; across, nobody can tell.
        """
        if target is None:
            return None
        if self.value is None or self.doubt:
            return Verdict.INCONCLUSIVE
        ends = (self.interval.low, self.interval.high) if self.interval else (self.value,)
        verdicts = {target.judge(end) for end in ends}
        return verdicts.pop() if len(verdicts) == 1 else Verdict.INCONCLUSIVE

    @property
    def interval(self) -> Interval | None:
        """From `low` to `high`, where they are known."""
        return None if self.low is None or self.high is None else Interval(self.low, self.high)

    @property
    def text(self) -> str:
        """The value in its unit, with its interval where it has one."""
        value = format_value(self.value, self.unit)
        return f"{value} ({shown(self.interval)})" if self.interval else value

    @property
    def undecided(self) -> str:
        """Why a target of it is neither met nor missed; empty where each is one of the two."""
        if Verdict.INCONCLUSIVE not in (self.required_verdict, self.goal_verdict):
            return ""
        if self.doubt or self.interval is None:
            return self.doubt
        targets = filter(None, (self.required, self.goal))
        across = next(t for t in targets if self.judge(t) is Verdict.INCONCLUSIVE)
        return f"its limit lies within {shown(self.interval)}: {self._needed(across.limit)}"

    def _needed(self, limit: float) -> str:
        """What it would take to tell: an interval shrinks with the root of the number of pairs."""
        assert self.value is not None
        assert self.interval is not None
        if (gap := limit - self.value) == 0:
            return "no number of pairs would tell"
        end = self.interval.high if gap > 0 else self.interval.low
        times = ((end - self.value) / gap) ** 2
        return f"about {max(2, math.ceil(times)):,} times as many pairs would tell"


def shown(interval: Interval) -> str:
    """Both ends, for people."""
    return f"{format_value(interval.low, '')} to {format_value(interval.high, '')}"

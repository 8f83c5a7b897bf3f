"""Targets, metrics and the three verdicts.

A number is only worth a verdict when it can be trusted: too few samples, a saturated load
generator or an offered rate that was not reached make a metric *inconclusive*, in words.
"""

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Self

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


@dataclass(frozen=True, slots=True)
class Target:
    """A limit that a metric has to keep, such as `< 100`."""

    operator: Operator
    limit: float

    def __post_init__(self) -> None:
        if self.operator not in OPERATORS:
            raise ValueError(f"{self.operator!r} is not one of {', '.join(OPERATORS)}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `"< 100"`; raises `ValueError` for anything else."""
        sign, _, limit = text.strip().partition(" ")
        try:
            number = float(limit)
        except ValueError:
            raise ValueError(f"{text!r} is no target; write it as '< 100'") from None
        return cls(sign, number)  # type: ignore[arg-type]  # checked in __post_init__

    def judge(self, value: float) -> Verdict:
        """Whether `value` keeps the limit."""
        return Verdict.PASS if OPERATORS[self.operator](value, self.limit) else Verdict.FAIL

    def __str__(self) -> str:
        return f"{self.operator} {self.limit:.15g}"


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured number with what was asked of it and what we ask of ourselves.

    `asked` decides the run. `ours` is the stricter goal: a miss is reported, with by how much,
    and fails nothing. `doubt` says why the number cannot be trusted; it turns a verdict into
    inconclusive. `value` is `None` when it could not be measured, which needs a `doubt`.
    """

    name: str
    value: float | None
    unit: str
    better: Better = ""
    asked: Target | None = None
    ours: Target | None = None
    doubt: str = ""

    def __post_init__(self) -> None:
        if self.value is None and not self.doubt:
            raise ValueError(f"metric {self.name!r} has no value and no reason why")

    def judge(self, target: Target | None) -> Verdict | None:
        """The verdict on one of the two targets; `None` where there is no such target."""
        if target is None:
            return None
        if self.value is None or self.doubt:
            return Verdict.INCONCLUSIVE
        return target.judge(self.value)

    @property
    def asked_verdict(self) -> Verdict | None:
        return self.judge(self.asked)

    @property
    def ours_verdict(self) -> Verdict | None:
        return self.judge(self.ours)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON and for the rows."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "better": self.better,
            "asked": str(self.asked) if self.asked else "",
            "asked_verdict": self.asked_verdict or "",
            "ours": str(self.ours) if self.ours else "",
            "ours_verdict": self.ours_verdict or "",
            "doubt": self.doubt,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The inverse of `as_dict`; the verdicts are computed anew."""
        return cls(
            name=data["name"],
            value=data["value"],
            unit=data["unit"],
            better=data["better"],
            asked=Target.parse(data["asked"]) if data["asked"] else None,
            ours=Target.parse(data["ours"]) if data["ours"] else None,
            doubt=data["doubt"],
        )

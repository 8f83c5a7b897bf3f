"""How much a row does: numbers with a name, a value at each scale and a least value.

    class Checkout(Workload):
        baskets = Count("baskets that are bought", 10, 100, 1_000)
        seconds = Amount("length of the load", 2, 10, 60, least=1)

    @row("K1")
    @workload(Checkout)
    def test_baskets_are_bought(self, load: Checkout) -> None: ...

The three are for smoke, standard and extended; a single one is for every scale. A project sets
another by `PERFTESTS["WORKLOADS"]["K1"] = {"baskets": 50}` or, which wins, `PERF_K1_BASKETS=50`.
"""

import math
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from itertools import pairwise
from typing import Any, Generic, Self, TypeVar, cast, overload

from asgiref.sync import iscoroutinefunction, markcoroutinefunction

from .conf import SCALES, Scale, configuration
from .exceptions import InvalidSetting
from .records.workload import Chosen, size_text

T = TypeVar("T", int, float, tuple[int, ...])
W = TypeVar("W", bound="Workload")
R = TypeVar("R")

Kinds = Mapping[str, Sequence[type["Workload"]]]
"""The workloads of the tests of each row."""

# Tells unittest to leave the frames of this module out of its tracebacks.
__unittest = True

MOST = 1_000_000_000
LEAST_AMOUNT = 0.01

VARIABLE = re.compile(r"PERF_(?P<row>[A-Z]+[0-9]+)_(?P<name>[A-Z0-9_]+)")
"""The variables that can only be meant for a row."""


class Parameter(Generic[T]):
    """One number of a workload; subclasses say what values are good."""

    allowed: str
    least: float

    def __init__(self, meaning: str, *sizes: T) -> None:
        """`sizes` are those at smoke, standard and extended scale, or one for all of them."""
        if len(sizes) not in (1, len(SCALES)):
            raise TypeError(f"{meaning!r} needs one size, or one for each of {', '.join(SCALES)}")
        self.meaning = meaning
        self.sizes: dict[Scale, T] = dict(zip(SCALES, sizes * len(SCALES), strict=False))

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, load: None, owner: type) -> Self: ...

    @overload
    def __get__(self, load: "Workload", owner: type) -> T: ...

    def __get__(self, load: "Workload | None", owner: type) -> Self | T:
        return self if load is None else cast(T, load._chosen[self.name].value)

    def chosen(self, row: str, scale: Scale) -> Chosen:
        """The value for a row; raises `InvalidSetting` where the project has set a bad one."""
        usual = self.sizes[scale]
        given = set_by_project(row, self.name)
        return Chosen(self.name, usual if given is None else self._checked(*given), usual)

    def parse(self, value: object) -> T:
        """`value` as the row uses it; raises `ValueError` or `TypeError` for a bad one."""
        raise NotImplementedError

    def _checked(self, source: str, value: object) -> T:
        try:
            return self.parse(value)
        except (TypeError, ValueError):
            raise InvalidSetting(f"{source} is {value!r}; it must be {self.allowed}.") from None


class Count(Parameter[int]):
    """So many of something."""

    def __init__(self, meaning: str, *sizes: int, least: int = 1) -> None:
        super().__init__(meaning, *sizes)
        self.least = least
        self.allowed = f"a whole number from {size_text(least)} to {size_text(MOST)}"

    def parse(self, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise TypeError
        if not self.least <= (number := int(value)) <= MOST:
            raise ValueError
        return number


class Amount(Parameter[float]):
    """So much of something, such as seconds or notifications a second."""

    def __init__(self, meaning: str, *sizes: float, least: float = LEAST_AMOUNT) -> None:
        super().__init__(meaning, *sizes)
        self.least = least
        self.allowed = f"a number from {size_text(least)} to {size_text(MOST)}"

    def parse(self, value: object) -> float:
        if isinstance(value, bool):
            raise TypeError
        number = float(cast(str, value))
        if not (math.isfinite(number) and self.least <= number <= MOST):
            raise ValueError
        return number


class Levels(Parameter[tuple[int, ...]]):
    """Counts that grow, such as connections in steps; `fewest` levels are needed."""

    def __init__(
        self, meaning: str, *sizes: tuple[int, ...], least: int = 1, fewest: int = 2
    ) -> None:
        super().__init__(meaning, *sizes)
        self._fewest, self.least = fewest, least
        self._level = Count("one level", least, least=least)
        self.allowed = f"{fewest} or more growing numbers, each {self._level.allowed}"

    def parse(self, value: object) -> tuple[int, ...]:
        values = value.split(",") if isinstance(value, str) else list(cast(Sequence[object], value))
        levels = tuple(map(self._level.parse, values))
        growing = all(less < more for less, more in pairwise(levels))
        if len(levels) < self._fewest or not growing:
            raise ValueError
        return levels


class Workload:
    """The numbers of a row in this run; subclasses declare them as `Parameter`s.

    Raises `InvalidSetting` where the project has set a bad one.
    """

    def __init__(self, row: str, scale: Scale | None = None) -> None:
        """`scale` is the configured one unless it is given."""
        scale = scale or configuration.SCALE or "smoke"
        self._chosen = {
            name: parameter.chosen(row, scale) for name, parameter in parameters(type(self)).items()
        }
        if why := self.refusal():
            raise InvalidSetting(f"The workload of {row} cannot be run: {why}.")

    def refusal(self) -> str:
        """Why these numbers do not go together; empty where they do."""
        return ""


def workload(kind: type[W]) -> Callable[[Callable[[Any, W], R]], Callable[[Any], R]]:
    """Give a test its workload of this kind, with the numbers of the scale and the project."""

    def mark(method: Callable[[Any, W], R]) -> Callable[[Any], R]:
        @wraps(method)
        def run(test: Any) -> R:
            load = kind(test.row)
            test.workload = chosen(load)
            return method(test, load)

        run.workload = kind  # type: ignore[attr-defined]  # a mark
        return markcoroutinefunction(run) if iscoroutinefunction(method) else run

    return mark


def parameters(kind: type[Workload]) -> dict[str, Parameter[Any]]:
    """What a workload consists of, by name, in the order of its declaration."""
    found = (item for part in reversed(kind.__mro__) for item in vars(part).items())
    return {name: value for name, value in found if isinstance(value, Parameter)}


def chosen(load: Workload) -> tuple[Chosen, ...]:
    """The numbers of a workload, to be recorded."""
    return tuple(load._chosen.values())


def variable(row: str, name: str) -> str:
    """The environment variable that sets a parameter of a row."""
    return f"PERF_{row}_{name}".upper()


def set_by_project(row: str, name: str) -> tuple[str, object] | None:
    """Where the project sets a parameter of a row, and to what, if it does."""
    if value := os.environ.get(variable(row, name)):
        return variable(row, name), value
    own = configuration.WORKLOADS.get(row, {})
    return (f'PERFTESTS["WORKLOADS"]["{row}"]["{name}"]', own[name]) if name in own else None


def named_by_project() -> Iterator[tuple[str, str, str]]:
    """Source, row and parameter of all that settings and environment name; "" for none."""
    for row, own in configuration.WORKLOADS.items():
        for name in own or [""]:
            yield f'PERFTESTS["WORKLOADS"]["{row}"]', row, name
    for key, value in os.environ.items():
        if value and (match := VARIABLE.fullmatch(key)):
            yield key, match["row"], match["name"].lower()


def unknown_rows(kinds: Kinds) -> list[str]:
    """The rows that the project names and that are not among these, each with its source."""
    known = _names_by_row(kinds)
    named = [(source, row) for source, row, _ in named_by_project() if row not in known]
    return [f"{source} names the row {row!r}" for source, row in dict.fromkeys(named)]


def require_valid(kinds: Kinds, scale: Scale | None = None) -> None:
    """Raise `InvalidSetting` for whatever the project has set wrong of these rows at a scale."""
    known = _names_by_row(kinds)
    for source, row, name in named_by_project():
        if name and name not in known.get(row, [name]):
            there_are = ", ".join(known[row]) or "none"
            raise InvalidSetting(
                f"{source}: the row {row} has no parameter {name!r}; there are: {there_are}."
            )
    for row, of_row in kinds.items():
        for kind in of_row:
            kind(row, scale)


def _names_by_row(kinds: Kinds) -> dict[str, list[str]]:
    """The parameters of each row, by its name as settings and as variables write it."""
    return {
        name: list(dict.fromkeys(known for kind in of_row for known in parameters(kind)))
        for row, of_row in kinds.items()
        for name in (row, row.upper())
    }

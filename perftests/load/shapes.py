"""Load shapes: how many sends per second over time, as data, and when each of them is due."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """A constant rate for a while."""

    per_second: float
    seconds: float


Shape = tuple[Stage, ...]
"""Stages, one right after the other."""


def constant(per_second: float, *, seconds: float) -> Shape:
    """The same rate all the time."""
    return (Stage(per_second, seconds),)


def steps(per_second: float, factors: Iterable[float], *, seconds: float) -> Shape:
    """Multiples of a rate, each for `seconds`."""
    return tuple(Stage(factor * per_second, seconds) for factor in factors)


def due_ns(shape: Shape, begun_ns: int) -> list[int]:
    """When each send is due, for a load that began at `begun_ns`, whatever the sends take."""
    due = []
    for stage in shape:
        count = round(stage.per_second * stage.seconds)
        due += [begun_ns + round(number * 1e9 / stage.per_second) for number in range(count)]
        begun_ns += round(stage.seconds * 1e9)
    return due

"""Load shapes: how many sends per second over time, as data, and when each of them is due."""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """A rate for a while, which changes evenly to another one where `end_per_second` is given."""

    per_second: float
    seconds: float
    end_per_second: float | None = None


Shape = tuple[Stage, ...]
"""Stages, one right after the other; `(*ramp(…), *spike(…))` joins two shapes."""


def constant(per_second: float, *, seconds: float) -> Shape:
    """The same rate all the time; for long, a soak."""
    return (Stage(per_second, seconds),)


def ramp(begin: float, end: float, *, seconds: float) -> Shape:
    """From one rate evenly to another."""
    return (Stage(begin, seconds, end),)


def steps(per_second: float, factors: Iterable[float], *, seconds: float) -> Shape:
    """Multiples of a rate, each for `seconds`."""
    return tuple(Stage(factor * per_second, seconds) for factor in factors)


def spike(per_second: float, factor: float, *, seconds: float) -> Shape:
    """A rate, `factor` times as much, and the rate again, each for a third of `seconds`."""
    return steps(per_second, (1, factor, 1), seconds=seconds / 3)


def duration(shape: Shape) -> float:
    """How many seconds it lasts."""
    return sum(stage.seconds for stage in shape)


def due_ns(shape: Shape, begun_ns: int) -> list[int]:
    """When each send is due, for a load that began at `begun_ns`, whatever the sends take."""
    due = []
    for stage in shape:
        due += [begun_ns + ns for ns in _offsets_ns(stage)]
        begun_ns += round(stage.seconds * 1e9)
    return due


def _offsets_ns(stage: Stage) -> list[int]:
    """When each send of a stage is due, from the beginning of the stage.

    Until the time t, a rate that begins at a and grows by k in each second makes at + kt²/2 sends;
    solved for t in the form that holds for k = 0, too.
    """
    begin = stage.per_second
    end = begin if stage.end_per_second is None else stage.end_per_second
    count = round((begin + end) / 2 * stage.seconds)
    growth = (end - begin) / stage.seconds if stage.seconds else 0.0
    offsets = [0] * min(1, count)
    for number in range(1, count):
        rate = math.sqrt(max(0.0, begin**2 + 2 * growth * number))
        offsets.append(round(2e9 * number / (begin + rate)))
    return offsets

"""What load looks like while it is made: throughput and latency since the last reading."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol

from .stats import median
from .units import milliseconds

SHORTEST_SECONDS = 0.5
"""Since the last reading, or the first one: a rate of less says little."""


@dataclass(frozen=True, slots=True)
class Counted:
    """How many of one `kind` came, such as "messages", and how long they took.

    `nanoseconds` may be those of a part of them, or of none.
    """

    kind: str
    count: int
    nanoseconds: Sequence[int]


class Meter(Protocol):
    """Where load is made: it counts anyway, and another thread asks for that once a second."""

    def counted(self) -> Iterator[Counted]:
        """What came since it was asked last; none of a kind that has never come."""


@dataclass(slots=True)
class _Shown:
    meter: Meter
    read_at: float = field(default_factory=perf_counter)


_shown: list[_Shown] = []


def show(meter: Meter) -> None:
    """Let whoever follows the run read this meter from now on."""
    _shown.append(_Shown(meter))


def hide(meter: Meter) -> None:
    """Not any more."""
    _shown[:] = [each for each in _shown if each.meter is not meter]


def read() -> Iterator[tuple[str, float, str]]:
    """Kind, value and unit of all that meters say at this moment; for one thread at a time.

    Of each kind that is how many came in a second, in "/s", and the median of their "ms".
    """
    for each in list(_shown):
        now = perf_counter()
        if (passed := now - each.read_at) < SHORTEST_SECONDS:
            continue
        each.read_at = now
        for counted in each.meter.counted():
            yield from _figures(counted, passed)


def _figures(counted: Counted, seconds: float) -> Iterator[tuple[str, float, str]]:
    yield counted.kind, round(counted.count / seconds, 1), "/s"
    if counted.nanoseconds:
        middle = milliseconds(median(counted.nanoseconds))
        yield counted.kind, round(middle, 3), "ms"


class Growth:
    """What is new in a list that grows, and is emptied at times; none until something was."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._known = 0
        self._ever = False

    def counted(self, nanoseconds: Sequence[int]) -> Iterator[Counted]:
        """Those that were added since the last time."""
        size = len(nanoseconds)
        new = nanoseconds[self._known if self._known <= size else 0 : size]
        self._known = size
        self._ever = self._ever or bool(new)
        if self._ever:
            yield Counted(self._kind, len(new), new)

"""Where time goes, function by function: sampled by pyinstrument in one thread."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyinstrument.frame import Frame

INTERVAL_SECONDS = 0.0005
IDLE = ("select (", "epoll.poll (", "lock.acquire (", "run (asyncio/runners.py")
"""Functions in which a thread waits; uvloop does so in the last one."""

BUILT_IN = "<built-in>"

SelfSeconds = dict[str, float]
"""Seconds within each function of Python, with what it calls of C, by its name and file:
"offer (notifications/hub/…)"."""


class SampledProfile:
    """Samples the thread that starts it, until that thread stops it."""

    def __init__(self) -> None:
        # Imported when it is needed: no server and no start of `perf` shall pay for that.
        from pyinstrument import Profiler

        self._profiler = Profiler(interval=INTERVAL_SECONDS, async_mode="disabled")

    def start(self) -> None:
        """Begin to sample, which slows the thread down by some percent."""
        self._profiler.start(caller_frame=None)

    def stop(self) -> SelfSeconds:
        """What the samples came to, without the time in which the thread waited."""
        root = self._profiler.stop().root_frame()
        seconds: SelfSeconds = {}
        for frame in _frames(root) if root else ():
            if not (frame.is_synthetic or _name(frame).startswith(IDLE)):
                name = _name(_python(frame))
                seconds[name] = seconds.get(name, 0.0) + _own(frame)
        return seconds


def _name(frame: "Frame") -> str:
    return f"{frame.function} ({frame.file_path_short})"


def _python(frame: "Frame") -> "Frame":
    """The function of Python that called it, if it is none itself."""
    while frame.file_path_short == BUILT_IN and frame.parent:
        frame = frame.parent
    return frame


def _frames(frame: "Frame") -> Iterator["Frame"]:
    yield frame
    for child in frame.children:
        yield from _frames(child)


def _own(frame: "Frame") -> float:
    return frame.time - sum(child.time for child in frame.children if not child.is_synthetic)


@dataclass(frozen=True, slots=True)
class Shift:
    """A function that takes longer or less long than before: seconds of its own, of either side."""

    function: str
    before: float
    after: float

    def __str__(self) -> str:
        return f"{self.function} {1000 * self.before:.1f} → {1000 * self.after:.1f} ms"


def shifts(before: SelfSeconds, after: SelfSeconds) -> list[Shift]:
    """All functions of both, by how much more they take; the work has to have been the same."""
    names = before.keys() | after.keys()
    found = [Shift(name, before.get(name, 0.0), after.get(name, 0.0)) for name in names]
    return sorted(found, key=lambda shift: shift.before - shift.after)

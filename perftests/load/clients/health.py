"""Whether the load generator itself kept up, in every second that it was watched."""

import asyncio
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

SATURATED = 0.8
"""Of a core. Who is busier than that has a queue of its own, which looks like the server's."""

TICK_SECONDS = 0.01

STALL_SECONDS = 0.1
MOST_STALLED = 0.1
"""Of the time. What arrives meanwhile is read late, which is no fault of the server."""

LEAST_JUDGED_SECONDS = 0.1
"""In a shorter time whoever does anything at all is busy."""

LEAST_SLICE_SECONDS = 0.5
"""What is left of the last second counts to the one before, if it is shorter."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The clock, and the CPU time that the loop's thread and its process have used, in seconds."""

    at: float
    thread: float
    process: float

    @classmethod
    def now(cls) -> "Reading":
        """For the thread that asks."""
        return cls(time.perf_counter(), time.thread_time(), time.process_time())


class Watch:
    """Ticks on an event loop between `begin` and `end`, both called on it.

    The thread of the loop may be busy, other threads may hold the interpreter that it needs, and
    the machine may give the CPU to somebody else: the first two show in CPU time, all in stalls.
    """

    def __init__(self, readings: Iterable[Reading] = ()) -> None:
        self._readings = list(readings)
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Read now and every 10 ms from now on."""
        self._readings.append(Reading.now())
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(TICK_SECONDS, self.begin)

    def end(self) -> None:
        """Read for the last time."""
        if self._timer is not None:
            self._timer.cancel()
        self._readings.append(Reading.now())

    @property
    def busy(self) -> float:
        """The share of a core that the loop's thread used, over all the time."""
        return thread_share(self._readings[0], self._readings[-1])

    @property
    def stalled(self) -> float:
        """The share of the time in which the loop stood still for 0.1 s or longer."""
        return sum(self._stalls()) / (self._readings[-1].at - self._readings[0].at)

    @property
    def doubt(self) -> str:
        """Why times that clients measured cannot be trusted; empty when they can."""
        if self.saturation or self.stalled <= MOST_STALLED:
            return self.saturation
        return (
            f"the loop of the load generator stood still {100 * self.stalled:.0f} % of the time,"
            f" at most {1000 * max(self._stalls()):.0f} ms at once"
        )

    @property
    def saturation(self) -> str:
        """Why costs of the server cannot be trusted either; empty when they can."""
        for number, (begin, end) in enumerate(self._seconds(), 1):
            if end.at - begin.at < LEAST_JUDGED_SECONDS:
                continue
            for who, share in (
                ("thread", thread_share(begin, end)),
                ("process", process_share(begin, end)),
            ):
                if share > SATURATED:
                    return (
                        f"the load generator was busy {100 * share:.0f} % of second {number}"
                        f" (its {who})"
                    )
        return ""

    def _stalls(self) -> list[float]:
        gaps = [later.at - earlier.at for earlier, later in pairwise(self._readings)]
        return [gap for gap in gaps if gap >= STALL_SECONDS]

    def _seconds(self) -> Iterator[tuple[Reading, Reading]]:
        """The readings around each second; of a stall that covers some, those around all of it."""
        ended = self._readings[-1].at
        times = [reading.at for reading in self._readings]
        begin = 0
        while begin < len(times) - 1:
            end = bisect_left(times, times[begin] + 1)
            if end >= len(times) or ended - times[end] < LEAST_SLICE_SECONDS:
                end = len(times) - 1
            yield self._readings[begin], self._readings[end]
            begin = end


def thread_share(begin: Reading, end: Reading) -> float:
    """Of a core, used by the thread of the loop."""
    return (end.thread - begin.thread) / (end.at - begin.at)


def process_share(begin: Reading, end: Reading) -> float:
    """Of a core, used by all threads of its process."""
    return (end.process - begin.process) / (end.at - begin.at)

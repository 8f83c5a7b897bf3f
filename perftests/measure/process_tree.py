"""What a process and those that it started use now, read from outside by psutil."""

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import psutil

Number = TypeVar("Number", int, float)


CPUCLOCK_SCHED = 2
"""Of the clocks that Linux has for a process, the one that counts nanoseconds."""


class ProcessTree:
    """A process with the descendants that it has when this is made; without `tree`, it alone.

    Each figure is the sum over those that still live. Making one, and each figure, raises
    `ProcessLookupError` when there is none.
    """

    def __init__(self, pid: int, *, tree: bool = True) -> None:
        self._tree = tree
        try:
            root = psutil.Process(pid)
            self._processes = [root, *root.children(recursive=True)] if tree else [root]
        except psutil.NoSuchProcess as error:
            raise ProcessLookupError(f"there is no process {pid} to measure") from error

    def cpu_seconds(self) -> float:
        """User and system time used so far.

        With descendants, also that of those that ended and were waited for, in steps of 10 ms.
        """

        def used(process: psutil.Process) -> float:
            times = process.cpu_times()
            ended = times.children_user + times.children_system if self._tree else 0.0
            return _own_seconds(process.pid, times.user + times.system) + ended

        return self._total(used)

    def rss_bytes(self) -> int:
        """Resident memory; what processes of the tree share is counted for each of them."""
        return self._total(lambda process: int(process.memory_info().rss))

    def uss_bytes(self) -> int:
        """Memory of its own, which would be free if it ended: dearer than RSS, exacter."""
        return self._total(lambda process: int(process.memory_full_info().uss))

    def processes(self) -> int:
        return self._total(lambda process: int(process.is_running()))

    def threads(self) -> int:
        return self._total(lambda process: int(process.num_threads()))

    def file_descriptors(self) -> int:
        return self._total(lambda process: int(process.num_fds()))

    def _total(self, read: Callable[[psutil.Process], Number]) -> Number:
        values = []
        for process in self._processes:
            with suppress(psutil.Error):  # it has ended since it was listed
                values.append(read(process))
        if not values:
            raise ProcessLookupError("the process to measure has ended")
        return sum(values[1:], values[0])


def _own_seconds(pid: int, in_ticks: float) -> float:
    """By the clock of the process where the system has one, as in `clock_getcpuclockid(3)`."""
    if sys.platform == "linux":
        with suppress(OSError):  # it has ended since
            return time.clock_gettime((~pid << 3) | CPUCLOCK_SCHED)
    return in_ticks

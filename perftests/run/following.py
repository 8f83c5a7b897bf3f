"""A listener that knows what the run is doing now, for whoever follows it from elsewhere."""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from ..measure.process_tree import ProcessTree
from ..measure.units import megabytes
from ..records.events import Event
from ..records.live import Live
from ..records.storable import LONGEST_REPR, plain

CHILDREN_INTERVAL_SECONDS = 5.0
"""Looking for children reads every process of the machine, 3 ms where there are a hundred."""

SHORTEST_SECONDS = 0.2
"""Between two readings of CPU time that say how busy the processes were."""


class Watched(Protocol):
    """The process that leads those which measure; `new_lines` are what it has said meanwhile."""

    @property
    def pid(self) -> int: ...

    def new_lines(self) -> Sequence[str]: ...


class Following:
    """Hears the events of a run in one thread; another asks for `live`, about once a second.

    What the processes use is only read at the beginning and where that is asked for.
    """

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._lock = threading.Lock()
        self._live = Live()
        self._process: Watched | None = None
        self._usage: Usage | None = None

    def __call__(self, event: Event) -> None:
        with self._lock:
            self._live = self._live.heard(event, self._seconds())

    def watch(self, process: Watched) -> None:
        """From now on it is this process that measures; it may end before anybody asks."""
        with self._lock:
            self._process = process
        self.live()

    def leave(self) -> None:
        """Hear the last of the process, and do not ask it again."""
        self.live()
        with self._lock:
            self._process = None

    def end(self, ending: str) -> None:
        """The run has ended; early, if `ending` says why."""
        with self._lock:
            self._live = replace(self._live, ending=plain(ending, LONGEST_REPR))

    def live(self) -> Live:
        """What the run is doing at this moment."""
        with self._lock:
            if self._process is not None:
                with suppress(ProcessLookupError, ValueError):  # it has ended, its file is closed
                    self._look_at(self._process)
            return self._live

    def _look_at(self, process: Watched) -> None:
        self._live = self._live.said(*process.new_lines())
        self._usage = self._usage or Usage(process.pid)
        self._live = self._live.used(self._seconds(), *self._usage.read())

    def _seconds(self) -> float:
        return round(time.monotonic() - self._begun, 2)


class Usage:
    """What a process and its descendants use, from one reading to the next.

    Making one, and each reading, raises `ProcessLookupError` when the process has ended.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._at = self._used = self._children_at = 0.0
        self._begin(ProcessTree(pid))

    def read(self) -> tuple[float | None, float]:
        """CPU in % of one core since the last reading, if that is long enough ago, and resident
        memory in MB."""
        if not (resident := self._tree.rss_bytes()):
            raise ProcessLookupError(f"process {self._pid} has ended")
        memory = round(megabytes(resident), 1)
        passed = time.monotonic() - self._at
        if passed < SHORTEST_SECONDS:
            return None, memory
        used = self._tree.cpu_seconds()
        # A child's time is in no reading between its end and its parent's wait: never below 0.
        percent = round(max(0.0, 100 * (used - self._used) / passed), 1)
        self._at, self._used = self._at + passed, used
        if self._at > self._children_at:
            self._begin(ProcessTree(self._pid))
        return percent, memory

    def _begin(self, tree: ProcessTree) -> None:
        """Read these processes; what they have used before is of no reading."""
        self._tree, self._used, self._at = tree, tree.cpu_seconds(), time.monotonic()
        self._children_at = self._at + CHILDREN_INTERVAL_SECONDS

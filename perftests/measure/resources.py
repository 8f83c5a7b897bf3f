"""CPU, memory, threads and file descriptors of a process tree, read from outside by psutil."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter, thread_time
from typing import Self, TypeVar

import psutil

from .results import Series
from .units import megabytes

CPU_WINDOW_SAMPLES = 5
"""The kernel counts CPU time in ticks of 10 ms: over one interval of 100 ms a share of the CPU
would come in steps of 10 %, over five of them in steps of 2 %."""

SLOW_INTERVAL_SECONDS = 1.0
"""How often the dear readings are taken. For USS the kernel walks all pages of the process and
holds its memory lock meanwhile; finding the children reads every process of the machine."""

STOP_TIMEOUT_SECONDS = 10

Point = tuple[float, float]
Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading of the whole tree; `seconds` since the monitor started, sizes in bytes."""

    seconds: float
    cpu_seconds: float
    rss: int
    threads: int
    file_descriptors: int


def cpu_seconds(pid: int, *, tree: bool = True) -> float:
    """User and system time that the process has used so far, in steps of 10 ms.

    With `tree`, that of its descendants too, also of those that ended and were waited for.
    Raises `ProcessLookupError` when there is no such process.
    """
    return _cpu_seconds(_processes(pid, tree), tree=tree)


def rss_bytes(pid: int, *, tree: bool = True) -> int:
    """Resident memory now; what processes of the tree share is counted for each of them.

    Raises `ProcessLookupError` when there is no such process.
    """
    return _total(_processes(pid, tree), _rss)


def uss_bytes(pid: int, *, tree: bool = True) -> int:
    """Memory of its own now, which would be free if the process ended: dearer than RSS, exacter.

    Raises `ProcessLookupError` when there is no such process.
    """
    return _total(_processes(pid, tree), _uss)


class ResourceMonitor:
    """Samples a process, with all its descendants, in a thread while its block runs.

    A load generator that started the server itself is watched with `tree=False`, so that the
    server does not count as a part of it. A process that ends meanwhile ends the sampling and is
    no error. Raises `ProcessLookupError` when it does not exist to begin with.
    """

    def __init__(
        self,
        pid: int,
        *,
        interval_seconds: float = 0.1,
        name: str = "server",
        tree: bool = True,
    ) -> None:
        self.pid = pid
        self.name = name
        self.overhead = 0.0
        """The sampler's own CPU time per second, as a share of one core (0.01 is 1 %)."""
        self._interval_seconds = interval_seconds
        self._tree = tree
        self._samples: list[Sample] = []
        self._uss: list[tuple[float, int]] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{name} monitor", daemon=True)

    def __enter__(self) -> Self:
        self._watched = _processes(self.pid, self._tree)
        self._started = self._slow_reading_at = perf_counter()
        # Before the block begins, so that nothing it does is missed.
        self._cpu_before = _cpu_seconds(self._watched, tree=self._tree)
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stopping.set()
        self._thread.join(STOP_TIMEOUT_SECONDS)

    @property
    def peak_rss_bytes(self) -> int:
        """The most resident memory that a sample saw; 0 without samples."""
        return max((sample.rss for sample in self._samples), default=0)

    @property
    def cpu_seconds(self) -> float:
        """User and system time used between start and stop, in steps of 10 ms."""
        used = (sample.cpu_seconds for sample in self._samples)
        # The largest, as a child's time is in no reading between its end and its parent's wait.
        return max(used, default=self._cpu_before) - self._cpu_before

    def series(self) -> tuple[Series, ...]:
        """What was seen over time: cpu ("%" of one core), rss and uss ("MB"), threads and file
        descriptors, each named as in "server cpu".

        One that has no points is left out: cpu needs half a second, all need a living process.
        """
        columns: dict[tuple[str, str], list[Point]] = {
            ("cpu", "%"): list(_cpu_percent(self._samples)),
            ("rss", "MB"): [(s.seconds, megabytes(s.rss)) for s in self._samples],
            ("uss", "MB"): [(seconds, megabytes(size)) for seconds, size in self._uss],
            ("threads", ""): [(s.seconds, s.threads) for s in self._samples],
            ("file descriptors", ""): [(s.seconds, s.file_descriptors) for s in self._samples],
        }
        return tuple(
            Series(f"{self.name} {what}", unit, *zip(*points, strict=True))
            for (what, unit), points in columns.items()
            if points
        )

    def _run(self) -> None:
        while self._sample() and not self._stopping.wait(self._interval_seconds):
            pass
        if self._stopping.is_set():
            self._sample()  # what was used since the last one
        self.overhead = thread_time() / (perf_counter() - self._started)

    def _sample(self) -> bool:
        """Take one sample; False when the process is gone."""
        now = perf_counter()
        try:
            if now >= self._slow_reading_at:
                self._slow_reading_at = now + SLOW_INTERVAL_SECONDS
                self._watched = _processes(self.pid, self._tree)
                uss = _total(self._watched, _uss)
                self._uss.append((now - self._started, uss))
            self._samples.append(self._read())
        except ProcessLookupError:
            return False
        return True

    def _read(self) -> Sample:
        processes = self._watched
        rss = _total(processes, _rss)
        if not rss:
            raise ProcessLookupError(f"process {self.pid} has ended")
        return Sample(
            seconds=perf_counter() - self._started,
            cpu_seconds=_cpu_seconds(processes, tree=self._tree),
            rss=rss,
            threads=_total(processes, lambda process: process.num_threads()),
            file_descriptors=_total(processes, lambda process: process.num_fds()),
        )


def _processes(pid: int, tree: bool) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)] if tree else [root]
    except psutil.NoSuchProcess as error:
        raise ProcessLookupError(f"there is no process {pid} to measure") from error


def _rss(process: psutil.Process) -> int:
    return int(process.memory_info().rss)


def _uss(process: psutil.Process) -> int:
    return int(process.memory_full_info().uss)


def _cpu_seconds(processes: Iterable[psutil.Process], *, tree: bool) -> float:
    # A process's `children_*` times are those of the descendants it has waited for.
    fields = ("user", "system", "children_user", "children_system")[: 4 if tree else 2]

    def used(process: psutil.Process) -> float:
        times = process.cpu_times()
        return sum(float(getattr(times, field)) for field in fields)

    return _total(processes, used)


def _total(processes: Iterable[psutil.Process], read: Callable[[psutil.Process], Number]) -> Number:
    values = []
    for process in processes:
        with suppress(psutil.Error):  # it has ended since it was listed
            values.append(read(process))
    if not values:
        raise ProcessLookupError("the process to measure has ended")
    return sum(values[1:], values[0])


def _cpu_percent(samples: Sequence[Sample]) -> Iterator[Point]:
    for earlier, later in zip(samples, samples[CPU_WINDOW_SAMPLES:], strict=False):
        used = later.cpu_seconds - earlier.cpu_seconds
        # A child's time is in no reading between its end and its parent's wait: never below 0.
        yield later.seconds, max(0.0, 100 * used / (later.seconds - earlier.seconds))

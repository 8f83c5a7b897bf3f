"""CPU, memory, threads and file descriptors of a process tree, read from outside by psutil."""

import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter, thread_time
from typing import Self, TypeVar

import psutil

from .results import Series
from .units import megabytes

INTERVAL_SECONDS = 1.0
"""A reading of CPU and RSS takes up to 0.4 ms beside a busy server."""

CPU_WINDOW_SECONDS = 0.5
"""The kernel counts CPU time in ticks of 10 ms: over half a second, a share of the CPU comes in
steps of 2 %."""

DEAR_INTERVAL_SECONDS = 10.0
"""For USS the kernel walks all pages of the process and holds its memory lock meanwhile; file
descriptors are listed one by one. Together they cost as much as eight of the other readings."""

CHILDREN_INTERVAL_SECONDS = 30.0
"""Looking for children reads every process of the machine, 3 ms where there are a hundred."""

STOP_TIMEOUT_SECONDS = 10

Point = tuple[float, float]
Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading of the whole tree; `seconds` since the monitor started, `rss` in bytes."""

    seconds: float
    cpu_seconds: float
    rss: int


@dataclass(frozen=True, slots=True)
class DearSample:
    """What is read less often, because it costs more; `uss` in bytes."""

    seconds: float
    uss: int
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
    no error. Descendants are looked for at the start and every half minute. Raises
    `ProcessLookupError` when the process does not exist to begin with.
    """

    def __init__(
        self,
        pid: int,
        *,
        interval_seconds: float = INTERVAL_SECONDS,
        name: str = "server",
        tree: bool = True,
    ) -> None:
        self.pid = pid
        self.name = name
        self.own_cpu_seconds = 0.0
        """What the sampling itself has cost, known after the block."""
        self._interval_seconds = interval_seconds
        self._tree = tree
        self._samples: list[Sample] = []
        self._dear_samples: list[DearSample] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{name} monitor", daemon=True)

    def __enter__(self) -> Self:
        begun = thread_time()
        self._watched = _processes(self.pid, self._tree)
        self._started = self._dear_at = perf_counter()
        self._children_at = self._started + CHILDREN_INTERVAL_SECONDS
        # Before the block begins, so that nothing it does is missed.
        self._cpu_before = _cpu_seconds(self._watched, tree=self._tree)
        self.own_cpu_seconds = thread_time() - begun
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
        dear = self._dear_samples
        columns: dict[tuple[str, str], list[Point]] = {
            ("cpu", "%"): list(_cpu_percent(self._samples)),
            ("rss", "MB"): [(s.seconds, megabytes(s.rss)) for s in self._samples],
            ("uss", "MB"): [(s.seconds, megabytes(s.uss)) for s in dear],
            ("threads", ""): [(s.seconds, s.threads) for s in dear],
            ("file descriptors", ""): [(s.seconds, s.file_descriptors) for s in dear],
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
            self._dear_at = perf_counter()
            self._sample()  # what was used and opened since the last one
        self.own_cpu_seconds += thread_time()

    def _sample(self) -> bool:
        """Take one sample; False when the process is gone."""
        now = perf_counter()
        try:
            if now >= self._children_at:
                self._children_at = now + CHILDREN_INTERVAL_SECONDS
                self._watched = _processes(self.pid, self._tree)
            if now >= self._dear_at:
                self._dear_at = now + DEAR_INTERVAL_SECONDS
                self._dear_samples.append(self._read_dear())
            self._samples.append(self._read())
        except ProcessLookupError:
            return False
        return True

    def _read(self) -> Sample:
        rss = _total(self._watched, _rss)
        if not rss:
            raise ProcessLookupError(f"process {self.pid} has ended")
        return Sample(
            seconds=perf_counter() - self._started,
            cpu_seconds=_cpu_seconds(self._watched, tree=self._tree),
            rss=rss,
        )

    def _read_dear(self) -> DearSample:
        return DearSample(
            seconds=perf_counter() - self._started,
            uss=_total(self._watched, _uss),
            threads=_total(self._watched, lambda process: process.num_threads()),
            file_descriptors=_total(self._watched, lambda process: process.num_fds()),
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
    times = [sample.seconds for sample in samples]
    for later in samples:
        if not (before := bisect_right(times, later.seconds - CPU_WINDOW_SECONDS)):
            continue
        earlier = samples[before - 1]
        used = later.cpu_seconds - earlier.cpu_seconds
        # A child's time is in no reading between its end and its parent's wait: never below 0.
        yield later.seconds, max(0.0, 100 * used / (later.seconds - earlier.seconds))

"""CPU, memory, threads and file descriptors of a process tree over time."""

import threading
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter, thread_time
from typing import Self

from .process_tree import ProcessTree
from .series import Phase, Series
from .units import megabytes

INTERVAL_SECONDS = 1.0
"""A reading of CPU and RSS takes up to 0.4 ms beside a busy server."""

CPU_WINDOW_SECONDS = 0.5
"""Where CPU time is counted in ticks of 10 ms, as by most systems but Linux, a share of the CPU
comes in steps of 2 % over half a second."""

DEAR_INTERVAL_SECONDS = 10.0
"""For USS the kernel walks all pages of the process and holds its memory lock meanwhile; file
descriptors are listed one by one. Together they cost as much as eight of the other readings."""

CHILDREN_INTERVAL_SECONDS = 30.0
"""Looking for children reads every process of the machine, 3 ms where there are a hundred."""

STOP_TIMEOUT_SECONDS = 10

Point = tuple[float, float]


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
    """CPU time that a process has used so far, with `tree` its descendants too; see `ProcessTree`.

    Raises `ProcessLookupError` when there is no such process, like the two below.
    """
    return ProcessTree(pid, tree=tree).cpu_seconds()


def rss_bytes(pid: int, *, tree: bool = True) -> int:
    """Resident memory of a process now."""
    return ProcessTree(pid, tree=tree).rss_bytes()


def uss_bytes(pid: int, *, tree: bool = True) -> int:
    """Memory of its own that a process has now."""
    return ProcessTree(pid, tree=tree).uss_bytes()


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
        self._phases: list[Phase] = []
        self._samples: list[Sample] = []
        self._dear_samples: list[DearSample] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{name} monitor", daemon=True)

    def __enter__(self) -> Self:
        begun = thread_time()
        self._watched = ProcessTree(self.pid, tree=self._tree)
        self._started = self._dear_at = perf_counter()
        self._children_at = self._started + CHILDREN_INTERVAL_SECONDS
        # Before the block begins, so that nothing it does is missed.
        self._cpu_before = self._watched.cpu_seconds()
        self.own_cpu_seconds = thread_time() - begun
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stopping.set()
        self._thread.join(STOP_TIMEOUT_SECONDS)

    def begin(self, phase: str) -> None:
        """From now on this goes on, such as "connecting": charts mark it."""
        self._phases.append(Phase(perf_counter() - self._started, phase))

    @property
    def peak_rss_bytes(self) -> int:
        """The most resident memory that a sample saw; 0 without samples."""
        return max((sample.rss for sample in self._samples), default=0)

    @property
    def peak_uss_bytes(self) -> int:
        """The most memory of its own that a sample saw; 0 without samples."""
        return max((sample.uss for sample in self._dear_samples), default=0)

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
        phases = tuple(self._phases)
        return tuple(
            Series(f"{self.name} {what}", unit, *_columns(points), phases)
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
                self._watched = ProcessTree(self.pid, tree=self._tree)
            if now >= self._dear_at:
                self._dear_at = now + DEAR_INTERVAL_SECONDS
                self._dear_samples.append(self._read_dear())
            self._samples.append(self._read())
        except ProcessLookupError:
            return False
        return True

    def _read(self) -> Sample:
        rss = self._watched.rss_bytes()
        if not rss:
            raise ProcessLookupError(f"process {self.pid} has ended")
        return Sample(
            seconds=perf_counter() - self._started,
            cpu_seconds=self._watched.cpu_seconds(),
            rss=rss,
        )

    def _read_dear(self) -> DearSample:
        return DearSample(
            seconds=perf_counter() - self._started,
            uss=self._watched.uss_bytes(),
            threads=self._watched.threads(),
            file_descriptors=self._watched.file_descriptors(),
        )


def _columns(points: Sequence[Point]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Seconds and values, each by itself."""
    return tuple(seconds for seconds, _ in points), tuple(value for _, value in points)


def _cpu_percent(samples: Sequence[Sample]) -> Iterator[Point]:
    times = [sample.seconds for sample in samples]
    for later in samples:
        if not (before := bisect_right(times, later.seconds - CPU_WINDOW_SECONDS)):
            continue
        earlier = samples[before - 1]
        used = later.cpu_seconds - earlier.cpu_seconds
        # A child's time is in no reading between its end and its parent's wait: never below 0.
        yield later.seconds, max(0.0, 100 * used / (later.seconds - earlier.seconds))

"""Memory inside this process: peaks and growth by tracemalloc, exact object counts, leaks.

tracemalloc makes code that allocates much 7 to 30 times slower, so memory is measured in passes
of its own and nothing is timed meanwhile.
"""

import gc
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from . import stats
from .units import format_value, kilobytes

SHOWN_CULPRITS = 5
MINIMUM_CYCLES = 15


@dataclass(frozen=True, slots=True)
class Culprit:
    """A line of code whose live allocations grew by `grown_bytes` in `grown_blocks` blocks."""

    file: str
    line: int
    grown_bytes: int
    grown_blocks: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line} (+{format_value(kilobytes(self.grown_bytes), 'kB')})"


@dataclass(frozen=True, slots=True)
class MemoryProfile:
    """What a block allocated, in bytes: at most, and still there after it; who kept most."""

    peak_bytes: int
    retained_bytes: int
    culprits: tuple[Culprit, ...]


@dataclass(frozen=True, slots=True)
class LeakVerdict:
    """Whether memory leaks, and why we think so; `leaking` is None where we cannot tell.

    `growth_per_cycle` is in bytes, None where it could not be computed.
    """

    leaking: bool | None
    reason: str
    growth_per_cycle: float | None = None
    culprits: tuple[Culprit, ...] = ()


class MemoryProfiler:
    """Traces the allocations of its block; `result` is there after it.

    Only one at a time: raises `RuntimeError` where memory is traced already.
    """

    result: MemoryProfile

    def __enter__(self) -> Self:
        _start_tracing()
        self._before = _snapshot()
        tracemalloc.reset_peak()
        self._bytes_before, _ = tracemalloc.get_traced_memory()
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            _, peak = tracemalloc.get_traced_memory()
            gc.collect()
            now, _ = tracemalloc.get_traced_memory()
            self.result = MemoryProfile(
                peak_bytes=peak - self._bytes_before,
                retained_bytes=now - self._bytes_before,
                culprits=culprits(self._before, _snapshot()),
            )
        finally:
            tracemalloc.stop()


def profile(function: Callable[[], object]) -> MemoryProfile:
    """Call `function` under the profiler; what it returns counts as retained."""
    with MemoryProfiler() as profiler:
        _returned = function()
    return profiler.result


def culprits(before: tracemalloc.Snapshot, after: tracemalloc.Snapshot) -> tuple[Culprit, ...]:
    """The lines that hold more memory in `after` than in `before`, the greatest growth first."""
    grown = (s for s in after.compare_to(before, "lineno") if s.size_diff > 0)
    ranked = sorted(grown, key=lambda statistic: statistic.size_diff, reverse=True)
    return tuple(
        Culprit(
            file=_readable(statistic.traceback[0].filename),
            line=statistic.traceback[0].lineno,
            grown_bytes=statistic.size_diff,
            grown_blocks=statistic.count_diff,
        )
        for statistic in ranked[:SHOWN_CULPRITS]
    )


def live_objects(*types: type) -> dict[str, int]:
    """How many instances of each type are alive after a garbage collection, by class name.

    Exact for instances of classes written in Python; objects that the collector does not track,
    such as strings, are not seen.
    """
    gc.collect()
    counts = {wanted.__name__: 0 for wanted in types}
    for candidate in gc.get_objects():
        # Not isinstance(): it asks proxies such as SimpleLazyObject for `__class__`, which
        # evaluates them.
        for wanted in types:
            if issubclass(type(candidate), wanted):
                counts[wanted.__name__] += 1
    return counts


def detect_leak(per_cycle_bytes: Sequence[float], *, floor_bytes: float) -> LeakVerdict:
    """Judge the memory read after each cycle of equal work, the warm-up left out.

    It leaks if the median change per cycle exceeds `floor_bytes` *and* the trend is significant:
    a process that only settles moves about or moves once. Fewer than 15 cycles tell nothing.
    The median is taken over all pairs of cycles (Theil-Sen), since a process grows in steps of
    its allocator and most neighbours are equal even when it leaks.
    """
    cycles = len(per_cycle_bytes)
    if cycles < MINIMUM_CYCLES:
        reason = f"inconclusive: {cycles} cycles after warm-up, it takes at least {MINIMUM_CYCLES}"
        return LeakVerdict(None, reason)
    trend = stats.trend(per_cycle_bytes)
    grows = trend.slope_per_step > floor_bytes
    relation = "above" if grows else "not above"
    certainty = "significant" if trend.significant else "not significant"
    reason = (
        f"median change per cycle {_kilobytes(trend.slope_per_step)}, {relation} the floor of"
        f" {_kilobytes(floor_bytes)}; the trend over {cycles} cycles is {certainty}"
        f" (p = {trend.p_value:.2g})"
    )
    return LeakVerdict(grows and trend.significant, reason, trend.slope_per_step)


def find_leak(
    cycle: Callable[[], object],
    *,
    floor_bytes: float,
    cycles: int = 20,
    warm_up: int = 5,
) -> LeakVerdict:
    """Repeat `cycle` in this process, judge the memory it leaves behind and name who keeps it.

    Raises `RuntimeError` where memory is traced already.
    """
    _start_tracing()
    try:
        for _ in range(warm_up):
            cycle()
        before = _snapshot()
        sizes = [_size_after(cycle) for _ in range(cycles)]
        verdict = detect_leak(sizes, floor_bytes=floor_bytes)
        if not verdict.leaking:
            return verdict
        named = culprits(before, _snapshot())
    finally:
        tracemalloc.stop()
    reason = f"{verdict.reason}; it grew at {', '.join(map(str, named))}"
    return LeakVerdict(True, reason, verdict.growth_per_cycle, named)


def _size_after(cycle: Callable[[], object]) -> int:
    cycle()
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def _start_tracing() -> None:
    if tracemalloc.is_tracing():
        raise RuntimeError("memory is traced already: profile one thing at a time")
    tracemalloc.start()


def _snapshot() -> tracemalloc.Snapshot:
    gc.collect()
    own = [tracemalloc.Filter(False, file) for file in (tracemalloc.__file__, __file__)]
    return tracemalloc.take_snapshot().filter_traces(own)


def _readable(file: str) -> str:
    path = Path(file)
    if "site-packages" in path.parts:
        return path.as_posix().rpartition("site-packages/")[2]
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


def _kilobytes(size: float) -> str:
    return format_value(kilobytes(size), "kB")

"""Memory inside this process: peaks and growth by tracemalloc, object counts, and who keeps it.

tracemalloc makes code that allocates much 7 to 30 times slower, so memory is measured in passes
of its own and nothing is timed meanwhile.
"""

import gc
import glob
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from operator import call
from pathlib import Path
from typing import Any, Self

from .units import format_value, kilobytes

CODE = Path(__file__).parents[2]
"""Where this code lies; files in it are told by what follows."""

SHOWN_CULPRITS = 5

LEAST_GROWN = 5
"""Objects of a type: fewer come and go by themselves."""


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


class MemoryProfiler:
    """Traces the allocations of its block; `result` is there after it.

    Only one at a time: raises `RuntimeError` where memory is traced already.
    """

    result: MemoryProfile

    def __enter__(self) -> Self:
        _start_tracing()
        self._before = snapshot()
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
                culprits=culprits(self._before, snapshot()),
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


def tracked_types() -> "map[type]":
    """The type of each object that the garbage collector tracks.

    To be used up by one call of a function of C, such as `list`: then no other thread runs
    meanwhile. One of the objects may be a tuple that such a thread is still filling, which CPython
    ends with a `SystemError` while somebody else holds it, too.
    """
    return map(type, chain.from_iterable(map(call, [gc.get_objects])))


def instances(*kinds: type) -> list[Any]:
    """Those of exactly these classes, which are written in Python; what goes for tuples, as above.

    Each refers to its class, so that no others need be held.
    """
    return [thing for thing in gc.get_referrers(*kinds) if type(thing) in kinds]


def live_objects(*types: type) -> dict[str, int]:
    """How many instances of each type are alive after a garbage collection, by class name.

    Exact for instances of classes written in Python; objects that the collector does not track,
    such as strings, are not seen.
    """
    gc.collect()
    # Not isinstance(): it asks proxies such as SimpleLazyObject for `__class__`, which evaluates
    # them.
    found = Counter(tracked_types())
    return {
        wanted.__name__: sum(n for kind, n in found.items() if issubclass(kind, wanted))
        for wanted in types
    }


def count_types() -> Counter[type]:
    """How many objects of each type are alive, of those that the garbage collector tracks."""
    gc.collect()
    return Counter(tracked_types())


def grown_types(before: Counter[type], after: Counter[type]) -> list[str]:
    """The types of which there are more objects, with how many more: `"7 × package.module.Type"`.

    Those of Python and its library come last: the others consist of them.
    """
    grown = [(kind, n) for kind, n in (after - before).items() if n >= LEAST_GROWN]
    grown.sort(key=lambda found: (_is_pythons(found[0]), -found[1]))
    return [f"{n:,} × {k.__module__}.{k.__qualname__}" for k, n in grown[:SHOWN_CULPRITS]]


def _is_pythons(kind: type) -> bool:
    return str(kind.__module__).partition(".")[0] in sys.stdlib_module_names | {"builtins"}


def _start_tracing() -> None:
    if tracemalloc.is_tracing():
        raise RuntimeError("memory is traced already: profile one thing at a time")
    tracemalloc.start()


def snapshot() -> tracemalloc.Snapshot:
    """All that is traced, but for what measuring itself takes."""
    gc.collect()
    own = [
        tracemalloc.Filter(False, glob.escape(file)) for file in (tracemalloc.__file__, __file__)
    ]
    return tracemalloc.take_snapshot().filter_traces(own)


def _readable(file: str) -> str:
    path = Path(file)
    if "site-packages" in path.parts:
        return path.as_posix().rpartition("site-packages/")[2]
    return str(path.relative_to(CODE)) if path.is_relative_to(CODE) else file

"""Keeping a schedule: the moments at which something is due, and waiting for each."""

import time
from collections.abc import Iterable, Iterator

from .shapes import constant, due_ns


def moments_ns(count: int, per_second: float | None) -> Iterator[int]:
    """When each of `count` sends is due, in `perf_counter_ns`.

    At a fixed rate from the first one on; without a rate, whenever the one before is done.
    """
    if per_second:
        yield from from_now_ns(due_ns(constant(per_second, seconds=count / per_second), 0))
    else:
        yield from (time.perf_counter_ns() for _ in range(count))


def from_now_ns(offsets_ns: Iterable[int]) -> Iterator[int]:
    """The moments so many nanoseconds after the first of them is asked for."""
    begun_ns = time.perf_counter_ns()
    yield from (begun_ns + ns for ns in offsets_ns)


def seconds_until(moment_ns: int) -> float:
    """How long to sleep; nothing when it is late."""
    return max(0.0, (moment_ns - time.perf_counter_ns()) / 1e9)


def keep(moments: Iterable[int]) -> Iterator[int]:
    """Each moment when it has come, or at once when it has passed."""
    for moment_ns in moments:
        time.sleep(seconds_until(moment_ns))
        yield moment_ns

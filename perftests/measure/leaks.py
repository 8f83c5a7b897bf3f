"""Whether memory that is read after cycles of equal work goes on growing."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from . import stats
from .units import format_value, kilobytes

MINIMUM_CYCLES = 15

SIGNIFICANCE = 0.025
"""Of the one-sided test. `python -m perftests.tests.measure.simulated_leaks` shows what it and two
others make of series with and without a leak; docs/explanation/measuring.md has the table."""


@dataclass(frozen=True, slots=True)
class LeakVerdict:
    """Whether memory leaks, and why we think so; `leaking` is None where we cannot tell."""

    leaking: bool | None
    reason: str


def detect_leak(per_cycle_bytes: Sequence[float], *, limit_bytes: float) -> LeakVerdict:
    """Judge the memory read after each cycle of equal work, the warm-up left out.

    It leaks if it grows by more than `limit_bytes` per cycle, does so in the second half as well,
    and the growth is significant: Student's test of the changes from cycle to cycle, not of the
    sizes. Those of a process follow each other, so that tests of a trend take every walk for a
    leak; its changes do not. One step, however high, is one change of many: its t is 1.

    Fewer than 15 cycles tell nothing.
    """
    cycles = len(per_cycle_bytes)
    if cycles < MINIMUM_CYCLES:
        reason = f"inconclusive: {cycles} cycles after warm-up, it takes at least {MINIMUM_CYCLES}"
        return LeakVerdict(None, reason)
    changes = [after - before for before, after in pairwise(per_cycle_bytes)]
    growth = stats.mean(changes)
    late = stats.mean(changes[len(changes) // 2 :])
    p_value = stats.p_of_growth(changes)
    leaking = min(growth, late) > limit_bytes and p_value < SIGNIFICANCE
    reason = (
        f"it grew by {_kilobytes(growth)} per cycle over {cycles} cycles, by {_kilobytes(late)} in"
        f" their second half, where {_kilobytes(limit_bytes)} are allowed; that is"
        f" {'more' if p_value < SIGNIFICANCE else 'not more'} than chance (p = {p_value:.2g})"
    )
    return LeakVerdict(leaking, reason)


def _kilobytes(size: float) -> str:
    return format_value(kilobytes(size), "kB")

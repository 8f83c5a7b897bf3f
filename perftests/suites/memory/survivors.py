"""What lives in memory, what it weighs, who keeps it: in the server under load and here."""

import gc
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from perftests.load.server.control import Control
from perftests.measure.leaks import LeakVerdict, detect_leak
from perftests.measure.memory import live_objects
from perftests.processes.waiting import settle

from ..kit.contexts import Recorder

WARM_UP_CYCLES = 15
"""A new server grows in each of its first dozen cycles, and then hardly at all."""

SETTLING_BYTES = 2 * 1024**2
"""Two arenas of Python's allocator: over all cycles a process may take as much and leak nothing."""


def survivors(control: Control, before: dict[str, int], timeout_seconds: float) -> dict[str, int]:
    """What is alive in the server beyond `before`, by kind.

    The server gets time to see that its clients have left.
    """
    now = settle(control.live, timeout_seconds, settled=lambda live: live == before)
    return {kind: number - before[kind] for kind, number in now.items()}


def judge_growth(
    recorder: Recorder, sizes: Sequence[int], *, required: str = "", goal: str = ""
) -> LeakVerdict:
    """Record whether memory read after cycles of equal work grows beyond chance: 0 or 1."""
    verdict = detect_leak(sizes, limit_bytes=SETTLING_BYTES / max(1, len(sizes)))
    unknown = verdict.leaking is None
    recorder.measure(
        "significant growth",
        None if unknown else float(verdict.leaking is True),
        "",
        required=required,
        goal=goal,
        doubt=verdict.reason if unknown else "",
    )
    recorder.note(f"Resident memory of the server: {verdict.reason}.")
    return verdict


def recovered_percent(create: Callable[[], object]) -> float:
    """How much of the memory of what `create` returns comes back when it is dropped.

    The collector is off until then, so that it takes nothing away while memory is read.
    """
    with _traced():
        before = _traced_bytes()
        created = create()
        held = _traced_bytes() - before
        del created
        gc.collect()
        left = _traced_bytes() - before
    return 100 * (held - left) / held


def left_alive(create: Callable[[], object], *types: type) -> int:
    """How many more objects of these types are alive after `create`, its result dropped."""
    before = sum(live_objects(*types).values())
    create()
    return sum(live_objects(*types).values()) - before


@contextmanager
def _traced() -> Iterator[None]:
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()
        gc.enable()


def _traced_bytes() -> int:
    return tracemalloc.get_traced_memory()[0]

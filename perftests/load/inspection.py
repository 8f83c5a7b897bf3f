"""A look into the memory of the server under load, from inside."""

import gc
import tracemalloc

from perftests.measure.memory import culprits

_traced_from: list[tracemalloc.Snapshot] = []


def layer_groups() -> int:
    """How many groups the subscriptions of this process are in."""
    gc.collect()
    # No product needs this count, so the layers offer none.
    return sum(
        len(thing._groups)
        for thing in gc.get_objects()
        if str(type(thing).__module__).startswith("notifications.layers")
        and hasattr(thing, "_groups")
    )


def trace() -> None:
    """Start to trace allocations, which slows the process down."""
    tracemalloc.start()
    _traced_from[:] = [_snapshot()]


def grown() -> list[str]:
    """The lines of code that hold more than at the start of tracing, which ends."""
    (before,) = _traced_from
    found = culprits(before, _snapshot())
    tracemalloc.stop()
    _traced_from.clear()
    return [str(culprit) for culprit in found]


def _snapshot() -> tracemalloc.Snapshot:
    gc.collect()
    own = [tracemalloc.Filter(False, file) for file in (tracemalloc.__file__, __file__)]
    return tracemalloc.take_snapshot().filter_traces(own)

"""A look into the server under load, from inside: its connections, its memory."""

import gc
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

from notifications.consumers import NotificationConsumer
from notifications.hub import Socket
from notifications.hub.presence import Presence
from perftests.measure.memory import culprits

connected = 0
"""WebSockets that the project's application has not yet done with."""

_traced_from: list[tracemalloc.Snapshot] = []


@contextmanager
def connection() -> Iterator[None]:
    """Around the project's application while it serves a WebSocket."""
    global connected
    connected += 1
    try:
        yield
    finally:
        connected -= 1


def live() -> dict[str, int]:
    """How many consumers and sockets there are, and users that a hub knows, garbage left out."""
    # A collection takes several times as long as a look, and what has left needs none.
    alive = _alive()
    if any(alive.values()):
        gc.collect()
        alive = _alive()
    return alive


def _alive() -> dict[str, int]:
    things = gc.get_objects()
    types = list(map(type, things))
    users = sum(len(thing.pks()) for thing in things if type(thing) is Presence)
    return {
        "consumers": types.count(NotificationConsumer),
        "sockets": types.count(Socket),
        "users": users,
    }


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

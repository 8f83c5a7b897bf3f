"""A look into the server under load, from inside: its connections, its memory."""

import asyncio
import gc
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from notifications.consumers import NotificationConsumer
from notifications.hub import Socket
from notifications.hub.sockets import Sockets
from perftests.measure.memory import (
    count_types,
    culprits,
    grown_types,
    instances,
    snapshot,
    tracked_types,
)

SERVERS = ("daphne", "autobahn", "twisted", "uvicorn", "h11", "websockets", "asyncio", "urllib")
"""Packages of a server and what it is made of, whose lines allocate what is its own."""

NAMED_TUPLES = "<string>"
"""Where Python says that those of `urllib` are made."""

LAYERS = "notifications.layers"

LETTING_GO_SECONDS = 1.2

connected = 0
"""WebSockets that the project's application has not yet done with."""

_traced_from: list[tuple[tracemalloc.Snapshot, Counter[type]]] = []
_held_then = 0


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
    types = list(tracked_types())
    return {
        "consumers": types.count(NotificationConsumer),
        "sockets": types.count(Socket),
        "users": sum(len(sockets.pks()) for sockets in instances(Sockets)),
    }


def layer_groups() -> int:
    """How many groups the subscriptions of this process are in."""
    gc.collect()
    # No product needs this count, so the layers offer none.
    layers = [kind for kind in set(tracked_types()) if str(kind.__module__).startswith(LAYERS)]
    return sum(len(thing._groups) for thing in instances(*layers) if hasattr(thing, "_groups"))


async def objects() -> dict[str, int]:
    """How many objects are alive by their type, of those that the garbage collector tracks."""
    await asyncio.sleep(LETTING_GO_SECONDS)
    named: Counter[str] = Counter()
    for kind, number in count_types().items():
        named[f"{kind.__module__}.{kind.__qualname__}"] += number
    return named


def trace() -> None:
    """Trace allocations, which slows the process down; where it does so already, begin anew."""
    global _held_then
    tracemalloc.start()
    _traced_from[:] = [(snapshot(), count_types())]
    tracemalloc.reset_peak()
    _held_then, _ = tracemalloc.get_traced_memory()


async def traced() -> int:
    """Bytes that were allocated since tracing began and are still held, but for the server's own.

    A server lets go of a connection some time after its end: of what is ours with it Daphne does
    so once a second, of its own it keeps some for longer.
    """
    await asyncio.sleep(LETTING_GO_SECONDS)
    own = [tracemalloc.Filter(False, f"*/{name}/*") for name in SERVERS]
    found = snapshot().filter_traces([*own, tracemalloc.Filter(False, NAMED_TUPLES)])
    return sum(trace.size for trace in found.traces)


def peak() -> int:
    """How many bytes more than at `trace` were held at most since."""
    return tracemalloc.get_traced_memory()[1] - _held_then


def grown() -> dict[str, list[str]]:
    """What there is more of than at the start of tracing, which ends.

    The `lines` of code that hold more memory, and the `types` of which there are more objects.
    """
    ((memory, objects),) = _traced_from
    types = grown_types(objects, count_types())
    lines = [str(culprit) for culprit in culprits(memory, snapshot())]
    tracemalloc.stop()
    _traced_from.clear()
    return {"lines": lines, "types": types}

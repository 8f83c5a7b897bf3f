"""One hub for each event loop, for as long as somebody is connected to it."""

import asyncio
from functools import partial

from .hub import Hub

_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}
_unwritten: "dict[asyncio.AbstractEventLoop, asyncio.Task[None]]" = {}
"""What the hub that was left last on a loop still writes."""


def get_hub() -> Hub:
    """The hub of the running event loop.

    A hub that its last socket has left closes its connections; the next one is new, and reads no
    queue before the other has written what its clients have acknowledged.
    """
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None:
        _forget_ended()
        hub = _hubs[loop] = Hub(partial(_retire, loop), _unwritten.get(loop))
    return hub


def hubs() -> list[tuple[asyncio.AbstractEventLoop, Hub]]:
    """The hubs of this process with their loops, for other threads: to read, not to call."""
    return list(_hubs.items())


def _retire(loop: asyncio.AbstractEventLoop, writing: "asyncio.Task[None]") -> None:
    _hubs.pop(loop, None)
    _unwritten[loop] = writing
    writing.add_done_callback(partial(_written, loop))


def _written(loop: asyncio.AbstractEventLoop, writing: "asyncio.Task[None]") -> None:
    if _unwritten.get(loop) is writing:
        del _unwritten[loop]


def _forget_ended() -> None:
    """A hub refers to its loop, so that none of the two would ever go by itself."""
    for known in (_hubs, _unwritten):
        for loop in [loop for loop in known if loop.is_closed()]:
            known.pop(loop, None)

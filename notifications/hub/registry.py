"""One hub for each event loop, for as long as somebody is connected to it."""

import asyncio

from .hub import Hub

_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def get_hub() -> Hub:
    """The hub of the running event loop.

    A hub that its last socket has left closes its connections; the next one is new.
    """
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None:
        _forget_ended()
        hub = _hubs[loop] = Hub(lambda: _hubs.pop(loop, None))
    return hub


def hubs() -> list[tuple[asyncio.AbstractEventLoop, Hub]]:
    """The hubs of this process with their loops, for other threads: to read, not to call."""
    return list(_hubs.items())


def _forget_ended() -> None:
    """A hub refers to its loop, so that none of the two would ever go by itself."""
    for loop in [loop for loop in _hubs if loop.is_closed()]:
        _hubs.pop(loop, None)

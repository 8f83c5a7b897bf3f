"""One hub for each event loop, for as long as somebody is connected to it."""

import asyncio
from weakref import WeakKeyDictionary

from .hub import Hub

_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def get_hub() -> Hub:
    """The hub of the running event loop.

    A hub that its last socket has left closes its connections; the next one is new.
    """
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None or hub.retired:
        hub = _hubs[loop] = Hub()
    return hub

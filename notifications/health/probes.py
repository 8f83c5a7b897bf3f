"""Short looks at what a process needs. Each returns nothing when it is well, or what is wrong."""

import asyncio
import threading
import time

from ..hub.registry import hubs
from ..layers import get_hints_layer
from ..store.ids import newest_id

LAG_LIMIT_SECONDS = 2.0
"""An event loop that answers later than this serves nobody in time."""

NOBODYS_GROUP = "health"


def database_problem() -> str:
    """One query by the index of the primary key."""
    try:
        newest_id()
    except Exception as error:  # whatever a driver raises: it is not usable
        return _reason(error)
    return ""


def layer_problem() -> str:
    """A hint to a group that nobody is in: whether the layer takes it."""
    try:
        get_hints_layer().publish_hints([(b"", [NOBODYS_GROUP])])
    except Exception as error:  # a layer may be anybody's code
        return _reason(error)
    return ""


def lag_seconds() -> float:
    """How long the event loop of this process's hub takes to answer; at most the limit.

    Called in another thread than the loop's. 0 without a hub, as there is nobody to keep waiting.
    """
    return max((_lag(loop) for loop, _ in hubs() if loop.is_running()), default=0.0)


def _lag(loop: asyncio.AbstractEventLoop) -> float:
    answered = threading.Event()
    start = time.perf_counter()
    try:
        loop.call_soon_threadsafe(answered.set)
    except RuntimeError:  # closed a moment ago, with all its sockets
        return 0.0
    answered.wait(LAG_LIMIT_SECONDS)
    return time.perf_counter() - start


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__

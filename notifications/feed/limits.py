"""How much one user may ask of one process, with the headers that say so."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from math import ceil
from typing import Any

from ..conf import get_settings
from .problems import Refused

WINDOW_SECONDS = 60

MAX_USERS = 10_000
"""Who has asked lately. Of more, whoever began first may begin anew."""


@dataclass(slots=True)
class _Window:
    ends: float
    used: int = 0


_windows: OrderedDict[Any, _Window] = OrderedDict()
_lock = threading.Lock()


def count_request(pk: Any) -> dict[str, str]:
    """Count one request of a user; the headers that tell what is left.

    Raises `Refused` above `REQUESTS_PER_MINUTE`.
    """
    most, now = get_settings().REQUESTS_PER_MINUTE, time.monotonic()
    with _lock:
        window = _windows.get(pk)
        if window is None or window.ends <= now:
            _windows.pop(pk, None)
            window = _windows[pk] = _Window(now + WINDOW_SECONDS)
            if len(_windows) > MAX_USERS:
                _windows.popitem(last=False)
        window.used += 1
        left, seconds = most - window.used, max(1, ceil(window.ends - now))
    headers = {
        "RateLimit-Policy": f'"user";q={most};w={WINDOW_SECONDS}',
        "RateLimit": f'"user";r={max(0, left)};t={seconds}',
    }
    if left < 0:
        detail = f"At most {most} requests in {WINDOW_SECONDS} seconds. Come again in {seconds}."
        raise Refused("too-many-requests", detail, headers | {"Retry-After": str(seconds)})
    return headers


def forget_requests() -> None:
    """Begin anew, for tests."""
    with _lock:
        _windows.clear()

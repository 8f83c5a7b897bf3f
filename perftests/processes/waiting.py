"""Waiting for what another process does, never longer than a limit."""

import time
from collections.abc import Callable
from operator import not_
from typing import TypeVar

T = TypeVar("T")

POLL_SECONDS = 0.01


def settle(
    read: Callable[[], T],
    timeout_seconds: float,
    *,
    settled: Callable[[T], bool] = not_,
    poll_seconds: float = POLL_SECONDS,
    pause: Callable[[float], object] = time.sleep,
) -> T:
    """What `read` returns as soon as that is `settled`, or what it returns when time is up.

    Without another `settled` that is nothing: 0, false, empty.
    """
    deadline = time.monotonic() + timeout_seconds
    while not settled(value := read()) and time.monotonic() < deadline:
        pause(poll_seconds)
    return value

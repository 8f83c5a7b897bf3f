"""Waiting for a condition, never longer than a limit."""

import asyncio
import inspect
import time

LIMIT_SECONDS = 10
LOOK_SECONDS = 0.005


async def until(condition, what="a condition that should come true"):
    """Return once `condition()` is true; it may be a coroutine function."""
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            while not await _value(condition()):
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        raise AssertionError(f"waited {LIMIT_SECONDS} s for {what}") from None


async def _value(answer):
    return await answer if inspect.isawaitable(answer) else answer


def wait_until(condition, what="a condition that should come true"):
    """The same in a thread, which may sleep."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {LIMIT_SECONDS} s for {what}")
        time.sleep(LOOK_SECONDS)

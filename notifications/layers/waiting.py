"""Waits for a server that may never answer."""

import asyncio
from collections.abc import Awaitable, Iterable
from contextlib import suppress
from typing import TypeVar

from ..background.supervision import SupervisedTask

STOP_SECONDS = 2.0

T = TypeVar("T")


async def in_time(call: Awaitable[T], seconds: float) -> T:
    """The result of `call`; raises `TimeoutError`, in words, if that takes longer."""
    try:
        async with asyncio.timeout(seconds) as limit:
            return await call
    except TimeoutError:
        if not limit.expired():
            raise
        raise TimeoutError(f"the layer has not answered for {seconds:g} s") from None


async def answered(answer: "asyncio.Future[None]", seconds: float) -> None:
    """Returns when it is there; raises `TimeoutError`, in words, if that takes longer.

    In two halves: a process that was too busy in the first, or stopped, listens in the second.
    """
    for _ in range(2):
        if (await asyncio.wait({answer}, timeout=seconds / 2))[0]:
            return
    raise TimeoutError(f"the layer has not answered for {seconds:g} s")


async def stopped(tasks: Iterable[SupervisedTask]) -> None:
    """Returns when they have ended, or are busy with a close that nobody answers."""
    with suppress(TimeoutError):
        await in_time(asyncio.gather(*(task.stop() for task in tasks)), STOP_SECONDS)

"""Background tasks that do not end before they are told to."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

logger = logging.getLogger(__name__)

RESTART_SECONDS = 1.0


class SupervisedTask:
    """Runs `work`; started again whatever it ends by, be it that somebody cancels it."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._work = work
        self._loop = asyncio.get_running_loop()
        self._stopped = False
        self._told = False
        self._start()

    async def stop(self) -> None:
        self._stopped = True
        self._task.cancel()
        await asyncio.wait({self._task})

    def _start(self) -> None:
        self._task = self._loop.create_task(self._work())
        self._task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if not self._stopped:
            # Not at once: a loop that ends cancels its tasks, and that is no failure.
            self._loop.call_later(RESTART_SECONDS, self._restart, error)

    def _restart(self, error: BaseException | None) -> None:
        if self._stopped:
            return
        if not self._told:
            self._told = True
            logger.error("%s ended and is started again", self._work.__qualname__, exc_info=error)
        self._start()


def going_on(work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    """`work`, which goes on to its end whoever waits for it."""
    task = asyncio.get_running_loop().create_task(work)
    _going_on.add(task)  # the loop alone would forget it
    task.add_done_callback(_going_on.discard)
    return task


async def uninterrupted(work: Coroutine[Any, Any, None]) -> None:
    """Await `work`, which goes on to its end if whoever waits for it is cancelled."""
    await asyncio.shield(going_on(work))


_going_on: "set[asyncio.Task[None]]" = set()


def is_cancelled() -> bool:
    """Whether the running task itself is to end, where `CancelledError` may also come from what
    it waited for."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0

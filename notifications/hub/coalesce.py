"""Work that is asked for often and done together."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0


class Coalescer:
    """Runs `work` once for all calls of `wake` that come before it starts.

    Calls that come while it runs make it run once more: whoever arrives during a query forms the
    next batch, without a timer.
    """

    def __init__(self, work: Callable[[], Awaitable[None]]) -> None:
        self._work = work
        self._wanted = False
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        self._wanted = True
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            while self._wanted:
                self._wanted = False
                try:
                    await self._work()
                except Exception:
                    logger.exception("The database did not answer; the sweep delivers")
                    await asyncio.sleep(RETRY_SECONDS)
        finally:
            self._task = None

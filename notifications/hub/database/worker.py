"""One thread with one connection, in which all queries of a hub run in order."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from .connection import HubConnection

P = ParamSpec("P")
T = TypeVar("T")


class DatabaseWorker:
    """Keeps its connection, which makes a query on SQLite several times cheaper.

    One thread and no more: the order of jobs is what closes the race of an ack against a sweep.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="notifications-hub")
        self._connection = HubConnection()

    async def run(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `job`, run in the thread. Jobs have to be idempotent."""
        return await self._in_thread(self._connection.run, partial(job, *args, **kwargs))

    def reconnect(self) -> None:
        """The next job but those in the line gets a new connection."""
        self._executor.submit(self._connection.close)

    async def close(self) -> None:
        """Close the connection and end the thread."""
        try:
            await self._in_thread(self._connection.end)
        finally:
            self._executor.shutdown(wait=False)

    async def _in_thread(self, job: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, job, *args)

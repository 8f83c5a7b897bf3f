"""Notices that ids stand for other notifications, as after the restore of a backup."""

import asyncio
from collections.abc import Callable

from ..store import epoch
from ..store.ids import newest_id
from .database import DatabaseWorker


class EpochGuard:
    """Looks in each sweep, and whenever the newest id is lower than one before.

    `changed` is called on the event loop.
    """

    def __init__(self, worker: DatabaseWorker, changed: Callable[[], object]) -> None:
        self._worker = worker
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self._name = ""

    async def check(self) -> None:
        await self._worker.run(self._check)

    def at(self, newest: int) -> str:
        """In the database thread: the epoch of a count that was made with this newest id."""
        if not self._name or epoch.went_back(newest):
            self._look(newest)
        return self._name

    def _check(self) -> None:
        self._look(newest_id())

    def _look(self, newest: int) -> None:
        before, self._name = self._name, epoch.look(newest)
        if before and self._name != before:
            self._loop.call_soon_threadsafe(self._changed)

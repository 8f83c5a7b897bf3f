"""Acks and other state changes, written together: one UPDATE for many."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Collection
from typing import Any

from django.db import DatabaseError

from .. import fanout, offline
from ..conf import get_settings
from ..offline import Mark
from ..protocol import MAX_IDS_PER_FRAME
from .database import DatabaseWorker

logger = logging.getLogger(__name__)

MAX_WAITING = 100_000
"""Marks kept while the database is away; dropping an ack only means that it is asked for again."""

MAX_RETRY_SECONDS = 1.0

READ_ALL_TRIES = 10

FAILURES_TO_LOG = 5
"""One that fails now and then is the everyday life of a busy SQLite."""

_ORDER: tuple[Mark, ...] = ("delivered", "seen", "read", "archived")

Marks = OrderedDict[Any, list[int]]
"""Ids by user, the user who waits longest first."""


class MarkBuffer:
    """Collects marks; writes them after a moment, or at once when there are many."""

    def __init__(self, worker: DatabaseWorker) -> None:
        self._worker = worker
        self._waiting = _no_marks()
        self._count = 0
        self._writing: Marks = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None
        self._flushing: asyncio.Task[None] | None = None
        self._failures = 0
        self._forgetting = False
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, kind: Mark, pk: Any, ids: Collection[int]) -> None:
        """Remember marks of one user."""
        waiting = self._waiting[kind]
        if self._count > MAX_WAITING and waiting:
            self._forget_some(waiting)
        if pk in waiting:
            waiting[pk].extend(ids)
        else:
            waiting[pk] = list(ids)
        self._count += len(ids)
        full = self._count >= get_settings().ACK_FLUSH_SIZE and not self._failures
        if full and self._flushing is None:
            self._flush_soon()
        elif self._timer is None:
            self._schedule(get_settings().ACK_FLUSH_SECONDS)

    def unwritten(self, pk: Any) -> set[int]:
        """What one user has acknowledged and the database may not know of yet."""
        waiting = self._waiting["delivered"]
        return {*waiting.get(pk, ()), *self._writing.get(pk, ())}

    def read_all(self, pk: Any, upto: int) -> None:
        """Mark as read what was delivered up to this id; the acks that wait are written before."""
        task = asyncio.get_running_loop().create_task(self._read_all(pk, upto))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def flush(self) -> None:
        """Write what waits; returns when all that was added before is written or has failed."""
        if self._flushing is not None:
            await asyncio.shield(self._flushing)
        if self._count:
            await asyncio.shield(self._flush_soon())

    async def close(self) -> None:
        """Write everything that can still be written."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.flush()
        if self._timer is not None:
            self._timer.cancel()

    def _schedule(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._due)

    def _due(self) -> None:
        self._timer = None
        if self._flushing is not None:
            self._schedule(get_settings().ACK_FLUSH_SECONDS)
        elif self._count:
            self._flush_soon()

    def _flush_soon(self) -> "asyncio.Task[None]":
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().create_task(self._flush())
        return self._flushing

    def _forget_some(self, waiting: Marks) -> None:
        if not self._forgetting:
            self._forgetting = True
            logger.error("The database takes no acks; the oldest are forgotten and asked for again")
        self._count -= len(waiting.popitem(last=False)[1])

    async def _flush(self) -> None:
        taken = {kind: marked for kind, marked in self._waiting.items() if marked}
        self._writing = self._waiting["delivered"]
        self._waiting = _no_marks()
        self._count = 0
        try:
            await self._worker.run(_write, taken)
            self._failures = 0
            self._forgetting = False
        except Exception as error:
            self._put_back(taken)
            if self._failures == FAILURES_TO_LOG:
                logger.error("Acks could not be written for a while: %s", error, exc_info=error)
        finally:
            self._writing = OrderedDict()
            self._flushing = None

    async def _read_all(self, pk: Any, upto: int) -> None:
        for _ in range(READ_ALL_TRIES):
            await self.flush()
            try:
                await self._worker.run(_read_all, pk, upto)
            except DatabaseError:
                await asyncio.sleep(MAX_RETRY_SECONDS / 2)
            else:
                return
        logger.error("Marking all as read failed; the user has to try again")

    def _put_back(self, taken: dict[Mark, Marks]) -> None:
        self._failures += 1
        for kind, marked in taken.items():
            for pk, ids in marked.items():
                self._waiting[kind].setdefault(pk, []).extend(ids)
                self._count += len(ids)
        if self._timer is None:
            self._schedule(min(MAX_RETRY_SECONDS, 0.1 * 2**self._failures))


def _no_marks() -> dict[Mark, Marks]:
    return {kind: OrderedDict() for kind in _ORDER}


def _write(taken: dict[Mark, Marks]) -> None:
    """In the database thread. Other tabs hear of a change when it is committed."""
    for kind, marked in taken.items():
        offline.mark(kind, marked)
    for kind, marked in taken.items():
        if kind != "delivered":
            for pk, ids in marked.items():
                fanout.state_changed(pk, kind, sorted(set(ids)))


def _read_all(pk: Any, upto: int) -> None:
    ids = offline.read_all(pk, upto)
    if ids:
        # Too many for one frame: no ids makes the tabs load their list again.
        fanout.state_changed(pk, "read", ids if len(ids) <= MAX_IDS_PER_FRAME else ())

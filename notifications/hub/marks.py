"""Acks and other state changes, written together: one UPDATE for many."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

from .. import fanout, offline
from ..conf import get_settings
from ..hints import Change
from ..offline import Mark
from ..protocol import MAX_IDS_PER_FRAME
from ..sql import Pairs
from .database import DatabaseWorker

logger = logging.getLogger(__name__)

MAX_WAITING = 100_000
"""Marks kept while the database is away; dropping an ack only means that it is asked for again."""

MAX_RETRY_SECONDS = 5.0

_ORDER: tuple[Mark, ...] = ("delivered", "seen", "read", "archived")


class MarkBuffer:
    """Collects marks; writes them after a moment, or at once when there are many."""

    def __init__(self, worker: DatabaseWorker) -> None:
        self._worker = worker
        self._waiting: dict[Mark, dict[tuple[Any, int], None]] = {kind: {} for kind in _ORDER}
        self._writing: dict[tuple[Any, int], None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._flushing: asyncio.Task[None] | None = None
        self._failures = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, kind: Mark, pk: Any, ids: Iterable[int]) -> None:
        """Remember marks of one user."""
        waiting = self._waiting[kind]
        for notification_id in ids:
            waiting[pk, notification_id] = None
        if len(waiting) >= MAX_WAITING:
            logger.error("The database takes no acks; the oldest are forgotten")
            for pair in list(waiting)[: MAX_WAITING // 10]:
                del waiting[pair]
        full = len(waiting) >= get_settings().ACK_FLUSH_SIZE and not self._failures
        if full and self._flushing is None:
            self._flush_soon()
        elif self._timer is None:
            self._schedule(get_settings().ACK_FLUSH_SECONDS)

    def is_delivered(self, pk: Any, notification_id: int) -> bool:
        """Whether an ack is here that the database may not know of yet."""
        pair = (pk, notification_id)
        return pair in self._waiting["delivered"] or pair in self._writing

    def read_all(self, pk: Any, upto: int) -> None:
        """Mark as read what was delivered up to this id; the acks that wait are written before."""
        task = asyncio.get_running_loop().create_task(self._read_all(pk, upto))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def flush(self) -> None:
        """Write what waits; returns when all that was added before is written or has failed."""
        if self._flushing is not None:
            await asyncio.shield(self._flushing)
        if any(self._waiting.values()):
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
        if self._flushing is None:
            self._flush_soon()
        else:
            self._schedule(get_settings().ACK_FLUSH_SECONDS)

    def _flush_soon(self) -> "asyncio.Task[None]":
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().create_task(self._flush())
        return self._flushing

    async def _flush(self) -> None:
        taken = {kind: list(pairs) for kind, pairs in self._waiting.items() if pairs}
        self._writing = self._waiting["delivered"]
        self._waiting = {kind: {} for kind in _ORDER}
        try:
            await self._worker.run(_write, taken)
            self._failures = 0
        except Exception:
            logger.exception("Acks were not written; they are tried again")
            self._put_back(taken)
        finally:
            self._writing = {}
            self._flushing = None

    async def _read_all(self, pk: Any, upto: int) -> None:
        await self.flush()
        try:
            await self._worker.run(_read_all, pk, upto)
        except Exception:
            logger.exception("The database did not answer; the user has to try again")

    def _put_back(self, taken: dict[Mark, Pairs]) -> None:
        self._failures += 1
        for kind, pairs in taken.items():
            self._waiting[kind] = dict.fromkeys(pairs) | self._waiting[kind]
        if self._timer is None:
            self._schedule(min(MAX_RETRY_SECONDS, 0.1 * 2**self._failures))


def _write(taken: dict[Mark, Pairs]) -> None:
    """In the database thread. Other tabs hear of a change when it is committed."""
    for kind, pairs in taken.items():
        offline.mark(kind, pairs)
    for kind, pairs in taken.items():
        if kind != "delivered":
            _announce(kind, pairs)


def _read_all(pk: Any, upto: int) -> None:
    ids = offline.read_all(pk, upto)
    if ids:
        # Too many for one frame: no ids makes the tabs load their list again.
        fanout.state_changed(pk, "read", ids if len(ids) <= MAX_IDS_PER_FRAME else ())


def _announce(change: Change, pairs: Pairs) -> None:
    by_user: dict[Any, list[int]] = {}
    for pk, notification_id in pairs:
        by_user.setdefault(pk, []).append(notification_id)
    for pk, ids in by_user.items():
        fanout.state_changed(pk, change, ids)

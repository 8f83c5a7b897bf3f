"""Acks, written together: one UPDATE for many."""

import logging
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from django.db import DatabaseError

from notifications.background.counters import counters
from notifications.conf import get_settings
from notifications.store.ids import age_seconds

from ..database import DatabaseWorker
from ..sockets import Socket
from .marking import mark, written_together

logger = logging.getLogger(__name__)

MAX_WAITING = 200_000
"""Acks kept while the database is away, some 8 MB; dropping one only means that it is asked for
again."""

Ids = list[int] | dict[int, int]
"""With the trace of each, where traces are kept."""


class Acks:
    """Collects acks; writes them after a moment, or at once when there are many.

    A row that somebody else has locked holds up no other: its ack waits on.
    """

    def __init__(self, worker: DatabaseWorker) -> None:
        self._worker = worker
        self._count = 0
        self._forgetting = False
        self._locked = False
        self._coalescer = written_together("Writing acks", self._write, _extended, logger)
        self.flush = self._coalescer.flush

    def add(self, pk: Any, ids: Collection[int], trace: int = 0) -> None:
        """One user's device has acknowledged these."""
        if self._count > MAX_WAITING:
            self._forget_some()
        self._count += len(ids)
        self._coalescer.add(pk, dict.fromkeys(ids, trace) if trace else list(ids))
        if self._count >= get_settings().ACK_FLUSH_SIZE:
            self._coalescer.hurry()

    def sent(self, socket: Socket, ids: Collection[int]) -> None:
        """A client with `?ack=auto` acknowledges nothing: there, sending is delivery."""
        if socket.auto_ack and ids:
            self.add(socket.pk, ids, socket.trace)

    def unwritten(self, pk: Any) -> set[int]:
        """What one user has acknowledged and the database may not know of yet."""
        return {*self._coalescer.waiting.get(pk, ()), *self._coalescer.taken.get(pk, ())}

    @property
    def failing(self) -> bool:
        """What was acknowledged is not written."""
        return bool(self._coalescer.failures)

    def locked(self, pk: Any) -> bool:
        """Some of what this user has acknowledged cannot be written yet."""
        return self._locked and bool(self.unwritten(pk))

    async def close(self) -> None:
        """Write everything that can still be written."""
        await self._coalescer.finish()

    def _forget_some(self) -> None:
        if not self._coalescer.waiting:
            return
        if not self._forgetting:
            self._forgetting = True
            logger.error("The database takes no acks; the oldest are forgotten and asked for again")
        self._count -= len(self._coalescer.waiting.popitem(last=False)[1])

    async def _write(self, taken: Mapping[Any, Ids]) -> Mapping[Any, Ids]:
        # Anew: what was given up is in it no more.
        self._count = _size(self._coalescer.waiting)
        try:
            _, locked = await self._worker.run(mark, "delivered", taken, self._locked)
            await self._sample(taken)
        except BaseException:
            self._count += _size(taken)
            raise
        left = {pk: _some(taken[pk], ids) for pk, ids in locked.items()}
        self._count += _size(locked)
        counters.acks += _size(taken) - _size(locked)
        self._locked = bool(locked)
        self._forgetting = False
        return left

    async def _sample(self, taken: Mapping[Any, Ids]) -> None:
        """The age of one of them, where somebody reads it: one look at an index for each batch."""
        if not get_settings().METRICS_TOKEN:
            return
        one = next(reversed(next(iter(taken.values()))))
        with suppress(DatabaseError):  # the acks are written, and that is what counts
            age = await self._worker.run(age_seconds, one)
            if age is not None:
                counters.ack_lag.add(age)


def _extended(old: Ids, new: Ids) -> Ids:
    if isinstance(old, list):
        old.extend(new)
        return old
    for number in new:  # which came first is what a row tells
        old.setdefault(number, new[number] if isinstance(new, dict) else 0)
    return old


def _some(ids: Ids, numbers: list[int]) -> Ids:
    return {number: ids[number] for number in numbers} if isinstance(ids, dict) else numbers


def _size(acks: Mapping[Any, Ids]) -> int:
    return sum(map(len, acks.values()))

"""What users ask for: these are seen, read, archived, or all is read.

However often one asks, the work of a second is bounded: what was asked for twice is done once, and
who asks for much waits for the others.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any

from django.db import OperationalError

from notifications.background.coalesce import Coalescer
from notifications.sending import fanout
from notifications.signals import Marking, read
from notifications.states import CHANGES, Change
from notifications.store import marking
from notifications.wire.protocol import FrameRefused

from ..database import DatabaseWorker
from ..database.connection import is_lock_timeout
from .acks import Acks
from .marking import QUIET_FAILURES, mark, written_together

logger = logging.getLogger(__name__)

AT_ONCE = 500
"""Rows of one user and one kind in a round; others' pushes wait some milliseconds for them."""

PAUSE_SECONDS = 0.1
"""Between two rounds of "all is read"."""

MAX_WAITING = 10_000
"""Ids that may wait for one user and one kind; more are refused, and take seconds anyway."""

Key = tuple[Change, Any]
"""What is asked for, and by whom."""

Ids = dict[int, int]
"""With the trace of each; zero where none is kept."""


class Requests:
    """Requests of the same user share the next round, and are done in order of their users."""

    def __init__(self, worker: DatabaseWorker, acks: Acks) -> None:
        self._worker = worker
        self._acks = acks
        self._locked = False
        self._closing = False
        self._next_reading = 0.0
        self._loop = asyncio.get_running_loop()
        self._marking = written_together("Marking", self._mark, _joined, logger)
        self._reading = Coalescer[Any, tuple[int, int]](
            "Marking all as read",
            self._read_all,
            max,
            delay=lambda: max(0.0, self._next_reading - self._loop.time()),
            quiet_failures=QUIET_FAILURES,
            log=logger,
        )
        self.flush = self._marking.flush

    def mark(self, kind: Change, pk: Any, ids: Collection[int], trace: int = 0) -> None:
        """Raises `FrameRefused` when too much waits for this user."""
        key: Key = kind, pk
        waiting = self._marking.waiting.get(key, {})
        if len(waiting) >= MAX_WAITING:
            ids = [number for number in ids if number not in waiting]
            if ids:
                raise FrameRefused("too_frequent", f"at most {MAX_WAITING} ids may wait")
        self._marking.add(key, dict.fromkeys(ids, trace))

    def read_all(self, pk: Any, upto: int, trace: int = 0) -> None:
        """Mark as read what was delivered up to this id; the acks that wait are written before."""
        self._reading.add(pk, (upto, trace))

    async def close(self) -> None:
        """Do what can still be done, of all that was asked for."""
        self._closing = True
        await asyncio.gather(self._marking.finish(), self._reading.finish())

    async def _mark(self, taken: Mapping[Key, Ids]) -> Mapping[Key, Ids]:
        now = {key: dict(islice(ids.items(), AT_ONCE)) for key, ids in taken.items()}
        locked = await self._worker.run(write, now, around_locks=self._locked)
        self._locked = bool(locked)
        left = {}
        for key, ids in taken.items():
            rest = [*islice(ids, AT_ONCE, None), *locked.get(key, ())]
            if rest:
                left[key] = {number: ids[number] for number in rest}
        return left

    async def _read_all(
        self, taken: Mapping[Any, tuple[int, int]]
    ) -> Mapping[Any, tuple[int, int]]:
        self._next_reading = self._loop.time() + PAUSE_SECONDS
        await self._acks.flush()
        if self._acks.failing:
            return taken  # without the acks, too little would count as delivered
        left = {}
        for pk, asked in taken.items():
            if self._acks.locked(pk) or not await self._read_all_of(pk, *asked):
                left[pk] = asked
        return left

    async def _read_all_of(self, pk: Any, upto: int, trace: int) -> bool:
        """Whether all of it is done; a round of it, unless nobody else waits any more."""
        while (done := await self._worker.run(_read_some, pk, upto, trace)) is False:
            if not self._closing:
                break
        return bool(done)


def _joined(old: Ids, new: Ids) -> Ids:
    old.update(new)
    return old


def write(taken: Mapping[Key, Ids], around_locks: bool) -> Mapping[Key, list[int]]:
    """In the database thread; returns what is locked.

    Other tabs hear of what has changed, and is committed.
    """
    left: dict[Key, list[int]] = {}
    for kind in CHANGES:
        marked = {pk: ids for (its_kind, pk), ids in taken.items() if its_kind == kind}
        if not marked:
            continue
        changed, locked = mark(kind, marked, around_locks)
        left.update(((kind, pk), list(ids)) for pk, ids in locked.items())
        for pk, ids in changed.items():
            fanout.state_changed(pk, kind, sorted(ids))
    return left


def _read_some(pk: Any, upto: int, trace: int) -> bool | None:
    """In the database thread; whether that was all of it, `None` where some is locked."""
    try:
        ids, was_all = marking.read_some(pk, upto, AT_ONCE, trace)
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
        return None
    if ids:
        fanout.state_changed(pk, "read", ids)
        read.tell([Marking(pk, ids)])
    return was_all

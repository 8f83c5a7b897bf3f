"""The user's unread count, sent whenever it may have changed, with what one tab has changed."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

from notifications.background.coalesce import Coalescer
from notifications.store.counting import Counts, count
from notifications.store.ids import newest_id
from notifications.wire import protocol
from notifications.wire.hints import Changed
from notifications.wire.protocol import MAX_IDS_PER_FRAME

from ..database import DatabaseWorker
from ..sockets import Socket, Sockets
from .undone import TOO_MANY, Changes, Undone, corrected

PAUSE_SECONDS = 0.2
"""Between two counts. However often somebody changes something, nobody gets more of them."""

STALE_SECONDS = 0.5
"""So long a socket whose count is stale waits for others."""


class UnreadCounts:
    """Changes that come while a count runs, or a moment later, share the next one.

    What waits is keyed by user, or by the one socket whose count is stale.
    """

    def __init__(self, worker: DatabaseWorker, sockets: Sockets) -> None:
        self._worker = worker
        self._sockets = sockets
        self._loop = asyncio.get_running_loop()
        self._next = 0.0
        self._undone = Undone()
        self._stale: set[Socket] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._coalescer = Coalescer[Any, Changes](
            "Sending unread counts",
            self._work,
            _merged,
            delay=lambda: max(0.0, self._next - self._loop.time()),
        )

    def add(self, pk: Any, hint: Changed) -> None:
        """No ids means: too many to name, load the list again."""
        self._undone.heard(pk, hint.change, self._loop.time())
        self._coalescer.add(pk, {hint.change: dict.fromkeys(hint.ids or (TOO_MANY,))})

    def stale(self, socket: Socket) -> None:
        """Something was sent that the count sent last may include or not: send a new one."""
        self._stale.add(socket)
        if self._timer is None:
            self._timer = self._loop.call_later(STALE_SECONDS, self._count_stale)

    def forget(self, socket: Socket) -> None:
        """It is closed: nothing is to be sent."""
        self._stale.discard(socket)
        self._coalescer.waiting.pop(socket, None)

    async def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._coalescer.stop()

    def _count_stale(self) -> None:
        self._timer = None
        stale, self._stale = self._stale, set()
        for socket in stale:
            if not socket.closed:
                self._coalescer.add(socket, {})

    async def _work(self, taken: Mapping[Any, Changes]) -> None:
        self._next = self._loop.time() + PAUSE_SECONDS
        # A stale socket may be one of a user whose changes are to be sent as well.
        changes: dict[Socket, Changes] = {key: {} for key in taken if isinstance(key, Socket)}
        for key, its in taken.items():
            changes.update((socket, its) for socket in self._sockets.of(key))
        if not changes:
            return
        for socket in changes:
            socket.begin_count()
        doubtful = self._undone.among(taken, self._loop.time())
        counts, upto, rights = await self._worker.run(
            _count, {socket.pk for socket in changes}, doubtful
        )
        for socket, its in changes.items():
            unread = counts.get(socket.pk, Counts()).unread
            # What is said of a stale socket alone names nothing.
            told = rights.get(socket.pk, its) if its else its
            socket.send_count(*_frames(unread, upto, told), upto=upto)


def _merged(old: Changes, new: Changes) -> Changes:
    for change, ids in new.items():
        old.setdefault(change, {}).update(ids)
    return old


def _count(
    pks: Collection[Any], doubtful: Mapping[Any, Changes]
) -> tuple[dict[Any, Counts], int, dict[Any, Changes]]:
    """In the database thread. The newest id comes last: what the count includes is not newer."""
    rights = {pk: corrected(pk, its) for pk, its in doubtful.items()}
    return count(pks), newest_id(), rights


def _frames(unread: int, upto: int, changes: Changes) -> list[str]:
    named = sum(map(len, changes.values()))
    if named > MAX_IDS_PER_FRAME or any(TOO_MANY in ids for ids in changes.values()):
        return [protocol.state(unread, upto), protocol.RESYNC]
    lists = {change: list(ids) for change, ids in changes.items()}
    return [protocol.state(unread, upto, lists)]

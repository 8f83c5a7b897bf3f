"""What a lost hint was about, when another device has acknowledged it meanwhile.

The queue does not tell any more, but whoever was connected gets all that is sent.
"""

from collections import deque

from notifications.store.ids import ids_after
from notifications.store.recipients import recipients_among

from ..database import DatabaseWorker
from ..sockets import Sockets
from .heard import HeardHints
from .replay import Replay

MAX_LOOKED_FOR = 5000
"""Ids that one sweep looks for, of which a hint may be lost: what a site with many processes sends
within some seconds to several users, or to some who are connected elsewhere. Of more, the oldest
are left out."""

BATCH = 500
"""Ids in one query, so that what is pushed meanwhile hardly waits: it takes some milliseconds."""

SWEEPS = 3
"""A transaction that commits out of order has so many sweeps time."""

UNDER_WAY = 100
"""Ids below those that the first sockets of a hub were greeted with, whose transactions may have
been under way then."""


class Gaps:
    """Looks at each notification once or twice, when its hint is overdue by a sweep at least."""

    def __init__(
        self, worker: DatabaseWorker, sockets: Sockets, replay: Replay, heard: HeardHints
    ) -> None:
        self._worker = worker
        self._sockets = sockets
        self._replay = replay
        self._heard = heard
        self._newest = _none()

    async def fill(self) -> None:
        """Push what no hint has told of to those who have it and were connected before."""
        newest = self._newest
        if not newest:
            newest.append(self._first())
        ids = await self._worker.run(ids_after, newest[0], MAX_LOOKED_FOR)
        old_enough = [number for number in ids if number <= newest[-1]]
        lost = self._heard.incomplete(old_enough)
        for start in range(0, len(lost), BATCH):
            some = lost[start : start + BATCH]
            await self._push(some)
            if newest is not self._newest:
                return  # they stand for others by now
            for number in some:
                self._heard.add(number)
        newest.append(ids[-1] if ids else newest[-1])

    def forget(self) -> None:
        """The ids mean other notifications now. A look that is under way has those of before."""
        self._newest = _none()

    def _first(self) -> int:
        return min((s.since for s in self._sockets if s.greeted), default=0) - UNDER_WAY

    async def _push(self, ids: list[int]) -> None:
        pks = list(self._sockets.pks())
        found = await self._worker.run(recipients_among, ids, pks)
        for number, recipients in found.items():
            for socket in self._sockets.of_all(self._heard.untold(number, recipients)):
                if socket.greeted and number > socket.since:
                    socket.hold(number)
                    self._replay.resume(socket)
                else:
                    socket.on_stale(socket)  # it may have been replayed, but not been counted


def _none() -> deque[int]:
    return deque(maxlen=SWEEPS)

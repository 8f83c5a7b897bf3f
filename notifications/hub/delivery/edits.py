"""What was edited or recalled is told to whoever has it; the rows say how it is."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from notifications.background.coalesce import Coalescer
from notifications.store.ids import MAX_EDITS, edited_among, edited_lately
from notifications.store.recipients import holders_among
from notifications.wire import protocol
from notifications.wire.hints import Changed

from ..database import DatabaseWorker
from ..sockets import Sockets
from .frames import Frames
from .unread import UnreadCounts

LATELY = timedelta(seconds=60)
"""So far back beyond the sweep before a sweep looks for what no hint has told of: far longer than a
transaction takes."""

PAUSE_SECONDS = 0.2
"""So long one that is edited waits to be edited again."""

MAX_REMEMBERED = 10_000
"""Ids of edits that were told."""


@dataclass(frozen=True, slots=True)
class Edited:
    """By id: when, the frames of what still is, and who of those connected has it."""

    times: dict[int, Any]
    frames: dict[int, str]
    holders: dict[int, list[Any]]


class Edits:
    """Each is told once, by a hint that is heard or, where it was lost, by the next sweep."""

    def __init__(
        self, worker: DatabaseWorker, sockets: Sockets, frames: Frames, unread: UnreadCounts
    ) -> None:
        self._worker = worker
        self._sockets = sockets
        self._frames = frames
        self._unread = unread
        self._loop = asyncio.get_running_loop()
        self._looked_at = self._loop.time()
        self._told: OrderedDict[int, Any] = OrderedDict()
        self._coalescer = Coalescer[int, None](
            "Telling of edits", self._work, delay=lambda: PAUSE_SECONDS
        )
        self.stop = self._coalescer.stop

    def __contains__(self, notification_id: int) -> bool:
        """Whether it is known to have been edited: what was said before may be older words."""
        waits = self._coalescer
        return (
            notification_id in self._told
            or notification_id in waits.waiting
            or notification_id in waits.taken
        )

    def add(self, notification_id: int) -> None:
        """A hint says that it was edited or recalled."""
        self._coalescer.add(notification_id, None)

    def forget(self) -> None:
        """The ids stand for others now."""
        self._told.clear()

    async def look(self) -> None:
        """Tell what no hint has told of."""
        now = self._loop.time()
        age = LATELY + timedelta(seconds=now - self._looked_at)
        lately = await self._worker.run(edited_lately, age)
        self._looked_at = now
        if len(lately) == MAX_EDITS:
            self._frames.forget()  # there may be more, of which none is to be sent as it was
        for number, time in lately.items():
            if self._told.get(number) != time:
                self.add(number)

    async def _work(self, waiting: Mapping[int, None]) -> None:
        edited = await self._worker.run(self._read, list(waiting), list(self._sockets.pks()))
        for number in waiting:
            self._tell(number, edited.frames.get(number), edited.holders.get(number, []))
        self._remember(edited.times)

    def _tell(self, number: int, text: str | None, holders: list[Any]) -> None:
        if text is None:
            for pk in holders:
                self._unread.add(pk, Changed("deleted", [number]))
            return
        frame = protocol.edited(text)
        for socket in self._sockets.of_all(holders):
            socket.write_or(frame if protocol.fits(frame) else protocol.RESYNC, protocol.RESYNC)

    def _read(self, ids: list[int], pks: list[Any]) -> Edited:
        """In the database thread, which nobody reads the old words in any more afterwards."""
        self._frames.drop(ids)
        times = edited_among(ids)
        return Edited(times, self._frames.get(ids), holders_among(ids, pks))

    def _remember(self, times: Mapping[int, Any]) -> None:
        self._told.update(times)
        while len(self._told) > MAX_REMEMBERED:
            self._told.popitem(last=False)

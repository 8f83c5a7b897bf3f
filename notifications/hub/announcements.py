"""One announcement to all hubs: each asks once which of its users have the notification queued."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from .. import offline
from .coalesce import Coalescer
from .database import DatabaseWorker
from .feeder import Feeder
from .marks import MarkBuffer
from .presence import Presence
from .socket import Socket
from .texts import Texts

MAX_HEARD = 10_000
"""Ids of recent hints, which need not be looked up when they are found in the database."""


class Announcements:
    """Announcements that come while a query runs share the next one."""

    def __init__(
        self,
        worker: DatabaseWorker,
        marks: MarkBuffer,
        presence: Presence,
        feeder: Feeder,
        texts: Texts,
    ) -> None:
        self._worker = worker
        self._marks = marks
        self._presence = presence
        self._feeder = feeder
        self._texts = texts
        self._waiting: dict[int, str | None] = {}
        # A plain dict would look for its first key among those that were deleted before.
        self._heard: OrderedDict[int, None] = OrderedDict()
        self._coalescer = Coalescer(self._work)
        self.stop = self._coalescer.stop

    def add(self, notification_id: int, text: str) -> None:
        """An announcement was heard."""
        self.heard(notification_id)
        self._waiting[notification_id] = text
        self._coalescer.wake()

    def found(self, notification_id: int) -> None:
        """A notification was found in the database; the hint of it may have been here before."""
        if notification_id not in self._heard:
            self._waiting[notification_id] = None
            self._coalescer.wake()

    def heard(self, notification_id: int) -> None:
        """A hint of it was here: it need not be looked up again when it is found."""
        self._heard[notification_id] = None
        if len(self._heard) > MAX_HEARD:
            self._heard.popitem(last=False)

    def deliver(self, sockets: Iterable[Socket], notification_id: int, text: str) -> None:
        """Push to each socket, or hold back what it has no credit for."""
        for socket in sockets:
            if socket.offer(notification_id, text):
                if socket.auto_ack:
                    self._marks.add("delivered", socket.pk, (notification_id,))
            elif socket.held:
                self._feeder.feed(socket)

    async def _work(self) -> None:
        taken, self._waiting = self._waiting, {}
        queued, texts = await self._worker.run(self._resolve, taken, list(self._presence.pks()))
        known = {number: pks for number, pks in queued.items() if number in texts}
        if len(known) > 1:
            self._deliver_together(known, texts)
            return
        for number, pks in known.items():
            self.deliver(self._presence.of_all(pks), number, texts[number])

    def _deliver_together(self, queued: dict[int, list[Any]], texts: dict[int, str]) -> None:
        """Push to each socket in one frame what was found for it at the same time."""
        frames: dict[Any, list[tuple[int, str]]] = {}
        for number, pks in queued.items():
            frame = number, texts[number]
            for pk in pks:
                frames.setdefault(pk, []).append(frame)
        for pk, mine in frames.items():
            for socket in self._presence.of(pk):
                self._feeder.offer(socket, mine)

    def _resolve(
        self, announced: dict[int, str | None], pks: list[Any]
    ) -> tuple[dict[int, list[Any]], dict[int, str]]:
        """In the database thread: who has what queued, and the texts that were not announced."""
        queued = offline.queued_among(announced, pks)
        texts = {number: text for number, text in announced.items() if text is not None}
        return queued, texts | self._texts.get(queued.keys() - texts.keys())

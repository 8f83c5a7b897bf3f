"""One announcement to all hubs: each asks once which of its users have the notification queued."""

from collections.abc import Iterable
from typing import Any

from .. import offline
from .coalesce import Coalescer
from .database import DatabaseWorker
from .feeder import Feeder
from .marks import MarkBuffer
from .presence import Presence
from .socket import Socket

Frame = tuple[int, str | None]
"""A notification's id and its text; `None` where only the id is known."""


class Announcements:
    """Announcements that come while a query runs share the next one."""

    def __init__(
        self, worker: DatabaseWorker, marks: MarkBuffer, presence: Presence, feeder: Feeder
    ) -> None:
        self._worker = worker
        self._marks = marks
        self._presence = presence
        self._feeder = feeder
        self._waiting: dict[int, str | None] = {}
        self._coalescer = Coalescer(self._work)
        self.stop = self._coalescer.stop

    def add(self, notification_id: int, text: str | None) -> None:
        """An announcement was heard; of one found by its id alone, the text comes later."""
        if text is not None or notification_id not in self._waiting:
            self._waiting[notification_id] = text
        self._coalescer.wake()

    def deliver(self, sockets: Iterable[Socket], frames: list[Frame]) -> None:
        """Push to each socket, or hold back what it has no credit for."""
        for socket in sockets:
            for notification_id, text in frames:
                if text is None:
                    if not socket.knows(notification_id):
                        socket.hold(notification_id)
                elif socket.offer(notification_id, text) and socket.auto_ack:
                    self._marks.add("delivered", socket.pk, [notification_id])
            if socket.held:
                self._feeder.feed(socket)

    async def _work(self) -> None:
        taken, self._waiting = self._waiting, {}
        pairs = await self._worker.run(
            offline.queued_among, list(taken), list(self._presence.pks())
        )
        frames: dict[Any, list[Frame]] = {}
        for pk, notification_id in sorted(pairs, key=lambda pair: pair[1]):
            frames.setdefault(pk, []).append((notification_id, taken[notification_id]))
        for pk, mine in frames.items():
            self.deliver(self._presence.of(pk), mine)

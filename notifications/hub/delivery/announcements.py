"""One announcement to all hubs: each asks once which of its users have the notification."""

from collections.abc import Mapping
from typing import Any

from notifications.background.coalesce import Coalescer
from notifications.store.recipients import recipients_among

from ..database import DatabaseWorker
from ..sockets import Sockets
from .edits import Edits
from .frames import Frames
from .heard import HeardHints
from .push import Push

MAX_WAITING = 10_000
"""Announcements kept while the database is away; the sweep finds what older ones were about."""


class Announcements:
    """Announcements that come while a query runs share the next one."""

    def __init__(
        self,
        worker: DatabaseWorker,
        sockets: Sockets,
        push: Push,
        frames: Frames,
        heard: HeardHints,
        edits: Edits,
    ) -> None:
        self._worker = worker
        self._sockets = sockets
        self._push = push
        self._frames = frames
        self._heard = heard
        self._edits = edits
        self._coalescer = Coalescer[int, str | None](
            "Looking for announced notifications", self._work, lambda old, new: new or old
        )
        self.stop = self._coalescer.stop

    def add(self, notification_id: int, text: str) -> None:
        """An announcement was heard."""
        self._heard.add(notification_id)
        self._ask(notification_id, text)

    def found(self, notification_id: int) -> None:
        """A notification was found in the database; its hint may have been heard before."""
        if notification_id not in self._heard:
            self._ask(notification_id, None)

    def _ask(self, notification_id: int, text: str | None) -> None:
        if len(self._coalescer.waiting) >= MAX_WAITING:
            self._coalescer.waiting.popitem(last=False)
        self._coalescer.add(notification_id, text)

    async def _work(self, announced: Mapping[int, str | None]) -> None:
        # What is edited before the query says something else; what is edited later is told later.
        texts = {n: None if n in self._edits else text for n, text in announced.items()}
        found, frames = await self._worker.run(self._resolve, texts, list(self._sockets.pks()))
        for number in announced:
            self._heard.add(number)
        known = {number: pks for number, pks in found.items() if number in frames}
        if len(known) > 1:
            self._push_together(known, frames)
            return
        for number, pks in known.items():
            self._push.one(self._sockets.of_all(pks), number, frames[number])

    def _push_together(self, found: dict[int, list[Any]], frames: dict[int, str]) -> None:
        """Push to each socket in one frame what was found for it at the same time."""
        batches: dict[Any, list[tuple[int, str]]] = {}
        for number, pks in found.items():
            frame = number, frames[number]
            for pk in pks:
                batches.setdefault(pk, []).append(frame)
        for pk, batch in batches.items():
            self._push.several(self._sockets.of(pk), batch)

    def _resolve(
        self, announced: Mapping[int, str | None], pks: list[Any]
    ) -> tuple[dict[int, list[Any]], dict[int, str]]:
        """In the database thread: who has what, and the frames that were not announced."""
        found = recipients_among(announced, pks)
        frames = {number: text for number, text in announced.items() if text is not None}
        return found, frames | self._frames.get(found.keys() - frames.keys())

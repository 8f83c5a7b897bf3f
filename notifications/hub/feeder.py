"""From the rows to sockets with credit: replay of the queue, and what was held back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .. import offline, protocol
from .coalesce import Coalescer
from .database import DatabaseWorker
from .marks import MarkBuffer
from .socket import Socket
from .texts import Texts


@dataclass(frozen=True, slots=True)
class Food:
    """What one visit to the database brings."""

    pages: list[list[int]]
    texts: dict[int, str]


class Feeder:
    """Feeds all hungry sockets with the same few queries."""

    def __init__(
        self, worker: DatabaseWorker, marks: MarkBuffer, texts: Texts, window: int
    ) -> None:
        self._worker = worker
        self._marks = marks
        self._window = window
        self._texts = texts
        self._hungry: dict[Socket, None] = {}
        self._coalescer = Coalescer(self._work)
        self.stop = self._coalescer.stop

    def feed(self, socket: Socket) -> None:
        """Ask for what `socket` still has to get, if it has credit for it."""
        if socket.behind and socket.credit > 0:
            self._hungry[socket] = None
            self._coalescer.wake()

    def read(self, wanted: Sequence[tuple[Any, int]], held: Iterable[int] = ()) -> Food:
        """In the database thread: queue pages for (user, after this id), and frames by id."""
        pages = offline.replay(wanted, self._window) if wanted else []
        ids = set(held).union(*pages)
        return Food(pages, self._texts.get(ids) if ids else {})

    async def _work(self) -> None:
        # Without writing the acks first, which on SQLite may have to wait for another writer:
        # `_frames` leaves out what is acknowledged and still queued in the database.
        hungry, self._hungry = self._hungry, {}
        replaying = [s for s in hungry if s.cursor is not None]
        holding = [s for s in hungry if s.cursor is None]
        asked = {s: sorted(s.held)[: max(0, s.credit)] for s in holding}
        ids = {number for numbers in asked.values() for number in numbers}
        wanted = [(s.pk, s.cursor or 0) for s in replaying]
        food = await self._worker.run(self.read, wanted, ids)
        for socket, page in zip(replaying, food.pages, strict=True):
            self.serve_page(socket, page, food.texts)
        for socket, numbers in asked.items():
            self._serve_held(socket, numbers, food.texts)

    def serve_page(self, socket: Socket, page: list[int], texts: dict[int, str]) -> None:
        """Send the next page of a replay; go on, or end the replay after the last one."""
        served = page[: max(0, socket.credit)]
        frames = self._frames(socket, served, texts)
        sent = self.send(socket, frames)
        if len(sent) < len(frames):
            served = sent  # the client stopped reading; `on_free` goes on from here
        if served:
            socket.cursor = served[-1]
        if len(served) == len(page) < self._window:
            self._end_replay(socket)
        self.feed(socket)

    def _frames(
        self, socket: Socket, numbers: list[int], texts: dict[int, str]
    ) -> list[tuple[int, str]]:
        """Without what is expired or gone, on its way, or acknowledged while the page was read."""
        unwritten = self._marks.unwritten(socket.pk)
        return [
            (number, texts[number])
            for number in numbers
            if number in texts and not socket.knows(number) and number not in unwritten
        ]

    def _end_replay(self, socket: Socket) -> None:
        socket.cursor = None
        socket.held = {number: None for number in socket.held if not socket.knows(number)}
        if socket.missed:
            # What is queued was replayed just now; what another device acknowledged is in the list.
            socket.missed = False
            socket.write(protocol.RESYNC)

    def _serve_held(self, socket: Socket, numbers: list[int], texts: dict[int, str]) -> None:
        """Send by id, whatever the state: another device may have acknowledged it meanwhile."""
        existing = [n for n in numbers if n in texts and not socket.knows(n)]
        self.send(socket, [(number, texts[number]) for number in existing])
        for number in numbers:
            if number not in texts or socket.knows(number):
                socket.held.pop(number, None)
        self.feed(socket)

    def offer(self, socket: Socket, frames: list[tuple[int, str]]) -> None:
        """Push what is new, or hold it back until there is credit."""
        self._mark_sent(socket, socket.offer_all(frames))
        self.feed(socket)

    def send(self, socket: Socket, frames: list[tuple[int, str]]) -> list[int]:
        """Push what was read from the database; returns the ids sent."""
        sent = socket.push(frames)
        self._mark_sent(socket, sent)
        return sent

    def _mark_sent(self, socket: Socket, sent: list[int]) -> None:
        """On a socket that acks by itself, sending is delivery."""
        if socket.auto_ack and sent:
            self._marks.add("delivered", socket.pk, sent)

"""From the rows to sockets with credit: replay of the queue, and what was held back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from notifications.background.coalesce import Coalescer
from notifications.store import queue
from notifications.store.parameters import Pairs
from notifications.wire import protocol

from ..database import DatabaseWorker
from ..sockets import Socket
from .acks import Acks
from .frames import Frames


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages of queues as ids, one for each reader, and the frames by id."""

    ids: list[list[int]]
    frames: dict[int, str]


class Replay:
    """Serves all sockets that have credit, and something behind, with the same few queries."""

    def __init__(self, worker: DatabaseWorker, acks: Acks, frames: Frames, window: int) -> None:
        self._worker = worker
        self._acks = acks
        self._window = window
        self._frames = frames
        self._coalescer = Coalescer[Socket, None]("Replaying", self._work)
        self.stop = self._coalescer.stop

    def resume(self, socket: Socket) -> None:
        """Ask for what `socket` still has to get, if it has credit for it."""
        if socket.behind and socket.credit > 0:
            self._coalescer.add(socket, None)

    def read(self, wanted: Sequence[tuple[Any, int]], held: Iterable[int] = ()) -> Pages:
        """In the database thread: queue pages for (user, after this id), and frames by id."""
        pages = queue.replay(wanted, self._window) if wanted else []
        ids = set(held).union(*pages)
        return Pages(pages, self._frames.get(ids) if ids else {})

    def overdue(self, pks: Sequence[Any], grace_seconds: float) -> Pairs:
        """In the database thread: `queue.overdue` of what can be read."""
        return queue.overdue(pks, grace_seconds, self._window, self._frames.unreadable)

    async def _work(self, waiting: Iterable[Socket]) -> None:
        # Without writing the acks first, which on SQLite may have to wait for another writer:
        # `_unsent` leaves out what is acknowledged and still queued in the database.
        sockets = [s for s in waiting if not s.closed]
        replaying = [s for s in sockets if s.cursor is not None]
        held = {s: sorted(s.held)[: max(0, s.credit)] for s in sockets if s.cursor is None}
        ids = {number for numbers in held.values() for number in numbers}
        wanted = [(s.pk, s.cursor or 0) for s in replaying]
        overflowed = [s.overflowed for s in replaying]
        pages = await self._worker.run(self.read, wanted, ids)
        for socket, page, before in zip(replaying, pages.ids, overflowed, strict=True):
            self.send_page(socket, page, pages.frames, overflowed=before)
            if socket.cursor is None:
                # Of what was read later than the count, some may have been committed later, too.
                socket.on_stale(socket)
        for socket, numbers in held.items():
            self._send_held(socket, numbers, pages.frames)

    def send_page(
        self, socket: Socket, page: list[int], frames: dict[int, str], *, overflowed: bool = False
    ) -> None:
        """Send the next page of a replay; go on, or end the replay after the last one.

        `overflowed` is the socket's when the page was read.
        """
        if socket.overflowed != overflowed:
            self.resume(socket)  # the page knows nothing of what could not be held since
            return
        done = page[: max(0, socket.credit)]
        unsent = self._unsent(socket, done, frames)
        sent = self._send(socket, unsent)
        if len(sent) < len(unsent):
            done = sent  # the client stopped reading; `on_free` goes on from here
        if done:
            socket.cursor = done[-1]
        if len(done) == len(page) < self._window:
            self._end(socket)
        self.resume(socket)

    def _unsent(
        self, socket: Socket, numbers: list[int], frames: dict[int, str]
    ) -> list[tuple[int, str]]:
        """Without what is expired or gone, on its way, or acknowledged while the page was read."""
        unwritten = self._acks.unwritten(socket.pk)
        return [
            (number, frames[number])
            for number in numbers
            if number in frames and not socket.knows(number) and number not in unwritten
        ]

    def _end(self, socket: Socket) -> None:
        socket.cursor = None
        socket.held = {number: None for number in socket.held if not socket.knows(number)}
        if socket.overflowed:
            # What is queued was replayed just now; what another device acknowledged is in the list.
            socket.overflowed = False
            socket.write(protocol.RESYNC)

    def _send_held(self, socket: Socket, numbers: list[int], frames: dict[int, str]) -> None:
        """Send by id, whatever the state: another device may have acknowledged it meanwhile."""
        existing = [n for n in numbers if n in frames and not socket.knows(n)]
        self._send(socket, [(number, frames[number]) for number in existing])
        for number in numbers:
            if number not in frames or socket.knows(number):
                socket.held.pop(number, None)
        self.resume(socket)

    def _send(self, socket: Socket, frames: list[tuple[int, str]]) -> list[int]:
        """Send what was read from the database; returns the ids sent."""
        sent = socket.push(frames)
        self._acks.sent(socket, sent)
        return sent

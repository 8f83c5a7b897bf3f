"""The one object per server process that knows which users are connected here."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from ..access.authentication import Credentials
from ..background.supervision import going_on, uninterrupted
from ..conf import get_settings
from ..wire.hints import user_group
from ..wire.protocol import CloseCode
from .admission import Admissions
from .database import DatabaseWorker
from .delivery.acks import Acks
from .delivery.announcements import Announcements
from .delivery.edits import Edits
from .delivery.frames import Frames
from .delivery.gaps import Gaps
from .delivery.heard import HeardHints
from .delivery.incoming import Incoming
from .delivery.push import Push
from .delivery.replay import Replay
from .delivery.requests import Requests
from .delivery.unread import UnreadCounts
from .delivery.watch import Watch
from .epoch import EpochGuard
from .groups import Groups
from .revocation import Revocation
from .sockets import Socket, Sockets
from .sweep import Sweep

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 3.0
"""So long the last socket waits until everything is closed, as when the database is silent."""


class Hub:
    """Joins the parts; each part does one thing.

    It writes straight to the sockets: no thread, copy, task or encoding per recipient. `retired`
    once its last socket has left: no other is admitted. `on_retired` is told of it by the task that
    writes what is not written yet; that of the hub before this one is `before`. What clients send
    goes to `acknowledged` and `received`.
    """

    def __init__(
        self,
        on_retired: "Callable[[asyncio.Task[None]], object]",
        before: "asyncio.Task[None] | None" = None,
    ) -> None:
        self.sockets = sockets = Sockets()
        self.retired = False
        self._on_retired = on_retired
        self._clients = 0
        self._worker = worker = DatabaseWorker()
        self._acks = acks = Acks(worker)
        self._requests = requests = Requests(worker, acks)
        self._frames = frames = Frames()
        self._replay = replay = Replay(worker, acks, frames, get_settings().WINDOW)
        self._heard = heard = HeardHints()
        push = Push(acks, replay)
        self._unread = UnreadCounts(worker, sockets)
        self._edits = edits = Edits(worker, sockets, frames, self._unread)
        self._announcements = Announcements(worker, sockets, push, frames, heard, edits)
        self._revocation = Revocation(worker, sockets)
        self._gaps = Gaps(worker, sockets, replay, heard)
        epoch = EpochGuard(worker, self._start_over)
        self._sweep = Sweep(
            worker, acks, sockets, replay, epoch, self._gaps, self._edits, self._revocation
        )
        self._groups = Groups(
            sockets,
            push,
            self._announcements,
            heard,
            self._unread,
            self._edits,
            self._revocation,
            recovered=self._sweep.soon,
        )
        self._admissions = Admissions(
            worker, acks, requests, epoch, sockets, replay, self._groups, before
        )
        self._watch = Watch(self._announcements.found, self._start_over)
        incoming = Incoming(acks, requests, replay)
        self.acknowledged, self.received = incoming.acknowledged, incoming.received

    async def connect(self, socket: Socket, credentials: Credentials) -> int | None:
        """Admit a socket and greet it; returns the code to close with if it may not stay.

        Call `disconnect` afterwards, whatever comes of it.
        """
        self._clients += 1
        socket.on_free = self._replay.resume
        socket.on_stale = self._unread.stale
        return await self._admissions.admit(socket, credentials)

    async def disconnect(self, socket: Socket) -> None:
        """Forget a socket. The last one takes the hub's connections with it."""
        socket.end()
        self._unread.forget(socket)
        self._clients -= 1
        was_last_of_user = socket.pk is not None and self.sockets.remove(socket)
        if not self._clients:
            self.retired = True
            writing = going_on(self._write())
            self._on_retired(writing)
            # What takes longer goes on; a server that ends gives an application 5 seconds.
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await uninterrupted(self._close(writing))
        elif was_last_of_user:
            await uninterrupted(self._groups.leave(user_group(socket.pk)))

    async def _write(self) -> None:
        """Stop whatever marks, and write what is marked."""
        await self._admissions.until_handed_over()
        await _end(
            self._watch.stop,
            self._sweep.stop,
            self._revocation.stop,
            self._admissions.stop,
            self._announcements.stop,
            self._edits.stop,
            self._unread.stop,
            self._replay.stop,
            self._requests.close,
            self._acks.close,
        )

    async def _close(self, writing: "asyncio.Task[None]") -> None:
        await asyncio.wait({writing})
        await _end(self._groups.close, self._worker.close)

    def _start_over(self) -> None:
        """Another file or another state has taken the place of the database, as a restored backup
        does: whatever is known is of the old one."""
        self._worker.reconnect()
        for part in (self._frames, self._heard, self._gaps, self._edits, self._watch):
            part.forget()
        for socket in self.sockets:
            socket.close(CloseCode.RESTART)


async def _end(*ends: Callable[[], Awaitable[None]]) -> None:
    """Each part by itself: one that does not end in order keeps no other from it."""
    for end in ends:
        try:
            await end()
        except Exception:
            logger.exception("A part of the hub did not end in order")

"""Connecting without a gap, many newcomers with the same few queries."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError

from .. import offline, protocol
from ..authentication import Credentials, authenticate
from ..conf import get_settings
from ..hints import session_digest
from ..offline import Counts
from ..protocol import CloseCode
from .coalesce import Coalescer
from .database import DatabaseWorker
from .feeder import Feeder, Food
from .marks import MarkBuffer
from .presence import Presence
from .socket import Socket

MAX_BATCH = 200
"""Newcomers whose first pages are in memory together."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A socket that waits for its hello; `admitted` gets `None`, or the code to close with."""

    socket: Socket
    credentials: Credentials
    admitted: "asyncio.Future[int | None]"


@dataclass(frozen=True, slots=True)
class Welcome:
    """What a batch of newcomers is told."""

    counts: dict[Any, Counts]
    dropped: dict[Any, int]
    food: Food


class Arrivals:
    """Authenticate, join the user's group, and only then read the queue.

    What is announced from the joining on is held back by the socket, and released behind the
    replay minus what the replay has sent.
    """

    def __init__(
        self,
        worker: DatabaseWorker,
        marks: MarkBuffer,
        presence: Presence,
        feeder: Feeder,
        join: Callable[[set[str]], Awaitable[None]],
    ) -> None:
        self._worker = worker
        self._marks = marks
        self._presence = presence
        self._feeder = feeder
        self._join = join
        self._waiting: deque[Newcomer] = deque()
        self._coalescer = Coalescer(self._work)
        self.stop = self._coalescer.stop

    async def admit(self, socket: Socket, credentials: Credentials) -> int | None:
        """Returns `None` when the hello is sent, or the code to close with."""
        admitted: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(Newcomer(socket, credentials, admitted))
        self._coalescer.wake()
        return await admitted

    async def _work(self) -> None:
        while self._waiting:
            size = min(len(self._waiting), MAX_BATCH)
            batch = [self._waiting.popleft() for _ in range(size)]
            try:
                await self._admit([n for n in batch if not n.admitted.done()])
            finally:
                for newcomer in batch:
                    _settle(newcomer, CloseCode.RESTART)

    async def _admit(self, batch: list[Newcomer]) -> None:
        pks = await self._worker.run(authenticate, [n.credentials for n in batch])
        known = [n for n, pk in zip(batch, pks, strict=True) if self._register(n, pk)]
        if not known:
            return
        await self._join(self._presence.groups(n.socket for n in known))
        await self._marks.flush()
        welcome = await self._worker.run(self._welcome, [n.socket.pk for n in known])
        for newcomer, page in zip(known, welcome.food.pages, strict=True):
            self._greet(newcomer, welcome, page)

    def _register(self, newcomer: Newcomer, pk: Any) -> bool:
        if pk is None:
            _settle(newcomer, CloseCode.UNAUTHENTICATED)
            return False
        if len(self._presence.of(pk)) >= get_settings().MAX_SOCKETS_PER_USER:
            _settle(newcomer, CloseCode.TOO_MANY_SOCKETS)
            return False
        if newcomer.admitted.done():
            return False  # left meanwhile
        newcomer.socket.pk = pk
        newcomer.socket.session = session_digest(newcomer.credentials.session_key)
        self._presence.add(newcomer.socket)
        return True

    def _welcome(self, pks: list[Any]) -> Welcome:
        """In the database thread: counts first, and queues only if there are any."""
        counts = offline.counts(pks)
        if not any(mine.queued for mine in counts.values()):
            return Welcome(counts, {}, Food([[] for _ in pks], {}))
        try:
            dropped = offline.drop_excess(counts)
        except OperationalError:
            dropped = {}  # SQLite is busy: the next connect or `prune_notifications` does it
        if dropped:
            counts = offline.counts(pks)
        return Welcome(counts, dropped, self._feeder.read([(pk, 0) for pk in pks]))

    def _greet(self, newcomer: Newcomer, welcome: Welcome, page: list[int]) -> None:
        settings = get_settings()
        socket = newcomer.socket
        mine = welcome.counts.get(socket.pk, Counts())
        socket.write(
            protocol.hello(
                unread=mine.unread,
                queued=mine.queued,
                dropped=welcome.dropped.get(socket.pk, 0),
                window=settings.WINDOW,
                retry=settings.RETRY_SECONDS,
            )
        )
        self._feeder.serve_page(socket, page, welcome.food.texts)
        _settle(newcomer, None)


def _settle(newcomer: Newcomer, code: int | None) -> None:
    if not newcomer.admitted.done():
        newcomer.admitted.set_result(code)

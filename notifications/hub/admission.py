"""Admitting sockets without a gap, many at once with the same few queries."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError

from ..access.authentication import Admission, Credentials, authenticate
from ..background.coalesce import Coalescer
from ..background.trouble import Trouble
from ..conf import get_settings
from ..store.counting import Counts, count
from ..store.ids import newest_id
from ..store.limits import drop_excess
from ..wire import protocol
from ..wire.hints import user_group
from ..wire.protocol import CloseCode
from .capacity import close_excess
from .database import DatabaseWorker
from .delivery.acks import Acks
from .delivery.replay import Pages, Replay
from .delivery.requests import Requests
from .epoch import EpochGuard
from .groups import Groups
from .sockets import Socket, Sockets

logger = logging.getLogger(__name__)

MAX_BATCH = 200
"""Sockets whose first pages are in memory together."""

ADMISSION_SECONDS = 8.0
"""Whatever it is that a client waits for: longer than this, it had better come again."""


@dataclass(frozen=True, slots=True, eq=False)
class Pending:
    """A socket that waits for its hello; `admitted` gets `None`, or the code to close with."""

    socket: Socket
    credentials: Credentials
    admitted: "asyncio.Future[int | None]"

    def settle(self, code: int | None) -> None:
        if not self.admitted.done():
            self.admitted.set_result(code)


@dataclass(frozen=True, slots=True)
class Hellos:
    """What a batch of sockets is greeted with. `counts` include nothing above the id `upto`."""

    epoch: str
    counts: dict[Any, Counts]
    upto: int
    dropped: dict[Any, int]
    pages: Pages


class Admissions:
    """Authenticate, join the user's group, and only then read the queue, once the hub that was
    there before is done with what its clients have acknowledged: `before` is its task.

    What is announced from the joining on is held back by the socket, and released behind the
    replay minus what the replay has sent.
    """

    def __init__(
        self,
        worker: DatabaseWorker,
        acks: Acks,
        requests: Requests,
        epoch: EpochGuard,
        sockets: Sockets,
        replay: Replay,
        groups: Groups,
        before: "asyncio.Task[None] | None",
    ) -> None:
        self._before = before
        self._worker = worker
        self._acks = acks
        self._requests = requests
        self._epoch = epoch
        self._sockets = sockets
        self._replay = replay
        self._groups = groups
        self._told = False
        self._late = Trouble(f"Greeting clients within {ADMISSION_SECONDS:g} s", log=logger)
        self._step = "their turn"
        self._coalescer = Coalescer[Pending, None](
            "Admitting clients",
            self._work,
            size=MAX_BATCH,
            refuse=_refuse,
        )

    async def admit(self, socket: Socket, credentials: Credentials) -> int | None:
        """Returns `None` when the hello is sent, or the code to close with."""
        admitted: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._coalescer.add(Pending(socket, credentials, admitted), None)
        try:
            async with asyncio.timeout(ADMISSION_SECONDS):
                return await admitted
        except TimeoutError:
            self._late.failed(TimeoutError(f"they wait for {self._step}"))
            return CloseCode.RESTART

    async def until_handed_over(self) -> None:
        """Returns when the hub before this one has written all that it is going to write."""
        if self._before is not None:
            await asyncio.wait({self._before})
            self._before = None

    async def stop(self) -> None:
        """Admit nobody any more; those who wait are told to come again."""
        await self._coalescer.stop()
        _refuse(self._coalescer.waiting)

    async def _work(self, batch: Iterable[Pending]) -> None:
        # One that is settled has left, or was greeted before another of its batch failed.
        await self._admit([pending for pending in batch if not pending.admitted.done()])

    async def _admit(self, batch: list[Pending]) -> None:
        self._step = "the database, which looks up who they are"
        answers = await self._worker.run(authenticate, [pending.credentials for pending in batch])
        self._log_failures(answers)
        known = [
            pending
            for pending, answer in zip(batch, answers, strict=True)
            # Who was registered before another of the batch failed is not counted twice.
            if pending.socket.pk is not None or self._register(pending, answer)
        ]
        if not known:
            return
        pks = [pending.socket.pk for pending in known]
        self._step = "the channel layer"
        await self._groups.join(set(map(user_group, pks)))
        self._step = "acks and requests that are being written"
        await self.until_handed_over()
        await self._acks.flush()
        await self._requests.flush()
        self._step = "the database, which reads their queues"
        hellos = await self._worker.run(self._prepare, pks)
        for pending, page in zip(known, hellos.pages.ids, strict=True):
            self._greet(pending.socket, hellos, page)
            pending.settle(None)
        self._step = "their turn"
        self._late.over()

    def _log_failures(self, answers: list[Admission | Exception | None]) -> None:
        """Once, until there are none: what fails for one mostly fails for many."""
        failures = [answer for answer in answers if isinstance(answer, Exception)]
        if failures and not self._told:
            logger.error(
                "Who clients are cannot be told, they come again: %d",
                len(failures),
                exc_info=failures[0],
            )
        self._told = bool(failures)

    def _register(self, pending: Pending, answer: Admission | Exception | None) -> bool:
        if not isinstance(answer, Admission):
            undecided = answer is not None
            pending.settle(CloseCode.RESTART if undecided else CloseCode.UNAUTHENTICATED)
            return False
        if pending.admitted.done():
            return False  # left meanwhile
        pending.socket.pk = answer.pk
        pending.socket.admission = answer
        self._sockets.add(pending.socket)
        close_excess(self._sockets, pending.socket)
        return True

    def _prepare(self, pks: list[Any]) -> Hellos:
        """In the database thread: counts first, and queues only if there are any."""
        counts, upto = count(pks), newest_id()
        epoch = self._epoch.at(upto)
        if not any(mine.queued for mine in counts.values()):
            return Hellos(epoch, counts, upto, {}, Pages([[] for _ in pks], {}))
        try:
            dropped = drop_excess(counts)
        except DatabaseError:
            dropped = {}  # locked or read-only: the next connect or `prune_notifications` does it
        if dropped:
            counts, upto = count(pks), newest_id()
        return Hellos(epoch, counts, upto, dropped, self._replay.read([(pk, 0) for pk in pks]))

    def _greet(self, socket: Socket, hellos: Hellos, page: list[int]) -> None:
        settings = get_settings()
        mine = hellos.counts.get(socket.pk, Counts())
        hello = protocol.hello(
            epoch=hellos.epoch,
            unread=mine.unread,
            upto=hellos.upto,
            queued=mine.queued,
            dropped=hellos.dropped.get(socket.pk, 0),
            window=settings.WINDOW,
            retry=settings.RETRY_SECONDS,
        )
        socket.greet(hello, hellos.upto)
        if len(page) < settings.WINDOW and mine.queued != sum(n <= hellos.upto for n in page):
            socket.on_stale(socket)  # something was committed between the count and the page
        self._replay.send_page(socket, page, hellos.pages.frames)


def _refuse(waiting: Iterable[Pending]) -> None:
    for pending in waiting:
        pending.settle(CloseCode.RESTART)

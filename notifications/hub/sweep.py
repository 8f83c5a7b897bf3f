"""Every few seconds: repair lost hints, close who is gone."""

import asyncio
import logging
import random
from typing import Any

from ..background.counters import counters
from ..background.supervision import SupervisedTask
from ..background.trouble import Trouble
from ..conf import get_settings
from ..wire.protocol import CloseCode
from .database import DatabaseWorker
from .delivery.acks import Acks
from .delivery.edits import Edits
from .delivery.gaps import Gaps
from .delivery.replay import Replay
from .epoch import EpochGuard
from .revocation import Revocation
from .sockets import Socket, Sockets

logger = logging.getLogger(__name__)


class Sweep:
    """Queued deliveries of connected users that are not on their way are sent."""

    def __init__(
        self,
        worker: DatabaseWorker,
        acks: Acks,
        sockets: Sockets,
        replay: Replay,
        epoch: EpochGuard,
        gaps: Gaps,
        edits: Edits,
        revocation: Revocation,
    ) -> None:
        self._worker = worker
        self._acks = acks
        self._sockets = sockets
        self._replay = replay
        self._now = asyncio.Event()
        # Each on its own: a queue that cannot be read keeps nobody in who may not stay.
        self._steps = {
            Trouble(name, log=logger): step
            for name, step in (
                ("Looking whether ids went back", epoch.check),
                ("Closing silent sockets", self._check_sockets),
                ("Looking for what is overdue", self._deliver_overdue),
                ("Looking for lost hints", gaps.fill),
                ("Looking for what was edited", edits.look),
                ("Checking sessions and accounts", revocation.check_all),
            )
        }
        self._task = SupervisedTask(self._run)
        self.stop = self._task.stop

    def soon(self) -> None:
        """Hints were lost: do not wait for the next turn."""
        self._now.set()

    async def _run(self) -> None:
        while True:
            # Jittered: the hubs of a site must not all ask at the same moment.
            seconds = get_settings().SWEEP_SECONDS * random.uniform(0.8, 1.2)  # noqa: S311
            try:
                async with asyncio.timeout(seconds):
                    await self._now.wait()
            except TimeoutError:
                pass  # nobody has hurried it
            self._now.clear()
            for trouble, step in self._steps.items():
                try:
                    await step()
                except Exception as error:
                    trouble.failed(error)
                else:
                    trouble.over()

    async def _check_sockets(self) -> None:
        now = asyncio.get_running_loop().time()
        for socket in self._sockets:
            if _is_gone(socket, now):
                socket.close(CloseCode.UNRESPONSIVE)
                continue
            if socket.auto_ack:
                # No ack gives credit back here, so time does: so much per sweep and no more.
                socket.spent = 0
            self._replay.resume(socket)  # also whoever was given up while the database failed

    async def _deliver_overdue(self) -> None:
        pks = [pk for pk in self._sockets.pks() if any(map(_is_open, self._sockets.of(pk)))]
        await self._acks.flush()
        pairs = await self._worker.run(
            self._replay.overdue, pks, get_settings().SWEEP_GRACE_SECONDS
        )
        counters.sweeps += 1
        found = sum(self._send(pk, notification_id) for pk, notification_id in pairs)
        counters.sweeps_that_found += bool(found)
        counters.found += found

    def _send(self, pk: Any, notification_id: int) -> bool:
        """Send one, unless it is on its way or acknowledged; whether it had to be."""
        if notification_id in self._acks.unwritten(pk):
            return False
        sockets = [s for s in self._sockets.of(pk) if _is_open(s) and not s.knows(notification_id)]
        for socket in sockets:
            socket.hold(notification_id)
            self._replay.resume(socket)
        return bool(sockets)


def _is_open(socket: Socket) -> bool:
    """Ready for more; one that replays reads its queue by state anyway."""
    return socket.cursor is None and socket.credit > 0


def _is_gone(socket: Socket, now: float) -> bool:
    settings = get_settings()
    if socket.in_flight and now - socket.waiting_since > settings.ACK_TIMEOUT_SECONDS:
        return True
    silent = now - socket.last_heard > settings.HEARTBEAT_TIMEOUT_SECONDS
    # A plain client knows no heartbeat; the server's own pings find it gone.
    return silent and not socket.auto_ack

"""Every few seconds: repair lost hints, close who is gone."""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Any

from .. import offline
from ..authentication import active_among
from ..conf import get_settings
from ..protocol import CloseCode
from .database import DatabaseWorker
from .feeder import Feeder
from .marks import MarkBuffer
from .presence import Presence
from .socket import Socket

logger = logging.getLogger(__name__)


class Sweep:
    """Queued deliveries of connected users that are not on their way are sent."""

    def __init__(
        self, worker: DatabaseWorker, marks: MarkBuffer, presence: Presence, feeder: Feeder
    ) -> None:
        self._worker = worker
        self._marks = marks
        self._presence = presence
        self._feeder = feeder
        self._now = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._run())

    def soon(self) -> None:
        """Hints were lost: do not wait for the next turn."""
        self._now.set()

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            # Jittered: the hubs of a site must not all ask at the same moment.
            seconds = get_settings().SWEEP_SECONDS * random.uniform(0.8, 1.2)  # noqa: S311
            try:
                async with asyncio.timeout(seconds):
                    await self._now.wait()
            except TimeoutError:
                pass
            self._now.clear()
            try:
                self._check_sockets()
                await self._deliver_overdue()
                await self._close_inactive()
            except Exception:
                logger.exception("A sweep failed; the next one follows")

    def _check_sockets(self) -> None:
        now = asyncio.get_running_loop().time()
        for socket in self._presence.sockets():
            if _is_gone(socket, now):
                socket.close(CloseCode.UNRESPONSIVE)
            elif socket.auto_ack:
                # No ack gives credit back here, so time does: so much per sweep and no more.
                socket.spent = 0
                self._feeder.feed(socket)

    async def _deliver_overdue(self) -> None:
        settings = get_settings()
        pks = [pk for pk in self._presence.pks() if any(map(_is_open, self._presence.of(pk)))]
        await self._marks.flush()
        pairs = await self._worker.run(
            offline.overdue, pks, settings.SWEEP_GRACE_SECONDS, settings.WINDOW
        )
        for pk, notification_id in pairs:
            if notification_id in self._marks.unwritten(pk):
                continue
            for socket in filter(_is_open, self._presence.of(pk)):
                socket.hold(notification_id)
                self._feeder.feed(socket)

    async def _close_inactive(self) -> None:
        """Whoever was deactivated or deleted without a signal, such as by a set-based update."""
        pks = set(self._presence.pks())
        for pk in pks - await self._worker.run(active_among, pks):
            self._close_all(pk, lambda socket: True)

    def sign_out(self, pk: Any, session: str) -> None:
        """Close the sockets of one session, or all of the user's when it is empty."""
        self._close_all(pk, lambda socket: session in ("", socket.session))

    def _close_all(self, pk: Any, chosen: Callable[[Socket], bool]) -> None:
        for socket in filter(chosen, self._presence.of(pk)):
            socket.close(CloseCode.SIGNED_OUT)


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

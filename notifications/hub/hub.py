"""The one object per server process that knows which users are connected here."""

import asyncio
import logging

import msgspec

from .. import hints, protocol
from ..authentication import Credentials
from ..conf import get_settings
from ..layers import Subscription, get_hints_layer
from ..protocol import PONG
from .announcements import Announcements
from .arrivals import Arrivals
from .database import DatabaseWorker
from .feeder import Feeder
from .marks import MarkBuffer
from .presence import Presence
from .socket import Socket
from .states import States
from .sweep import Sweep
from .texts import Texts
from .watch import Watch

logger = logging.getLogger(__name__)


class Hub:
    """Joins the parts; each part does one thing.

    It holds one subscription for the process, hears hints, and writes straight to the sockets:
    no thread, copy, task or encoding per recipient. `retired` once its last socket has left.
    """

    def __init__(self) -> None:
        self.presence = Presence()
        self.retired = False
        self._guests = 0
        self._subscription: Subscription | None = None
        self._subscribing = asyncio.Lock()
        self._worker = DatabaseWorker()
        self._marks = MarkBuffer(self._worker)
        texts = Texts()
        self._feeder = Feeder(self._worker, self._marks, texts, get_settings().WINDOW)
        self._announcements = Announcements(
            self._worker, self._marks, self.presence, self._feeder, texts
        )
        self._states = States(self._worker, self.presence)
        self._arrivals = Arrivals(
            self._worker, self._marks, self.presence, self._feeder, self._join
        )
        self._sweep = Sweep(self._worker, self._marks, self.presence, self._feeder)
        self._watch = Watch(self._announcements.found)

    async def connect(self, socket: Socket, credentials: Credentials) -> int | None:
        """Admit a socket and greet it; returns the code to close with if it may not stay.

        Call `disconnect` afterwards, whatever comes of it.
        """
        self._guests += 1
        socket.on_free = self._feeder.feed
        return await self._arrivals.admit(socket, credentials)

    async def disconnect(self, socket: Socket) -> None:
        """Forget a socket. The last one takes the hub's connections with it."""
        socket.end()
        self._guests -= 1
        self.retired = not self._guests
        gone = socket.pk is not None and self.presence.remove(socket)
        if self.retired:
            await asyncio.shield(self._close())
        elif gone:
            await self._leave({hints.user_group(socket.pk)})

    def acknowledged(self, socket: Socket, ids: list[int]) -> bool:
        """An ack from the client; returns whether it was of something that was sent."""
        taken = socket.acknowledge(ids)
        if not taken:
            return False
        self._marks.add("delivered", socket.pk, taken)
        # Half a window: one by one would make each ack a query.
        if socket.behind and socket.credit >= socket.window // 2:
            self._feeder.feed(socket)
        return True

    def received(self, socket: Socket, frame: protocol.ClientFrame) -> None:
        """Any other frame from the client; only hands over, never waits.

        An ack of nothing that was sent here changes nothing.
        """
        match frame:
            case protocol.Ping():
                socket.write(PONG)
            case protocol.ReadAll(upto):
                self.acknowledged(socket, [n for n in socket.in_flight if n <= upto])
                self._marks.read_all(socket.pk, upto)
            case protocol.Seen(ids):
                self._marked(socket, "seen", ids)
            case protocol.Read(ids):
                self._marked(socket, "read", ids)
            case protocol.Archive(ids):
                self._marked(socket, "archived", ids)

    def hear(self, group: str, payload: bytes) -> None:
        """A hint from the layer; never raises."""
        try:
            hint = hints.decode(payload)
        except msgspec.DecodeError as error:
            # By a process of another version: the sweep finds what it was about.
            logger.error("A hint was not understood: %s", error)
            return
        if isinstance(hint, hints.Announced):
            self._announcements.add(hint.id, hint.text)
            return
        sockets = self.presence.in_group(group)
        if not sockets:
            return  # the user left a moment ago
        if isinstance(hint, hints.Notified):
            self._announcements.heard(hint.id)
            self._announcements.deliver(sockets, hint.id, hint.text)
        elif isinstance(hint, hints.Changed):
            self._states.add(sockets[0].pk, hint)
        else:
            self._sweep.sign_out(sockets[0].pk, hint.session)

    def _marked(self, socket: Socket, kind: hints.Change, ids: list[int]) -> None:
        """Seen, read and archived imply delivered."""
        self.acknowledged(socket, ids)
        self._marks.add(kind, socket.pk, ids)

    async def _join(self, groups: set[str]) -> None:
        async with self._subscribing:
            if self._subscription is None:
                layer = get_hints_layer()
                self._subscription = await layer.subscribe_hints(self.hear, self._sweep.soon)
                groups = groups | {hints.HUBS}
        await self._subscription.join(groups)

    async def _leave(self, groups: set[str]) -> None:
        if self._subscription is not None:
            await self._subscription.leave(groups)
            # Somebody may have come back while the layer was asked.
            back = {group for group in groups if self.presence.in_group(group)}
            if back:
                await self._subscription.join(back)

    async def _close(self) -> None:
        self._watch.stop()
        for part in (self._sweep, self._arrivals, self._announcements, self._states, self._feeder):
            await part.stop()
        if self._subscription is not None:
            await self._subscription.close()
        await self._marks.close()
        await self._worker.close()

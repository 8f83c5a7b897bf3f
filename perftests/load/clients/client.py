"""A client of the notification protocol, for load."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping
from urllib.parse import urlencode

from picows import WSFrame, WSTransport

from notifications.wire import protocol
from perftests.exceptions import PerftestsError

from .arrivals import Arrivals, Frame, decode, late_ns
from .connection import Connection

HEARTBEAT_SECONDS = 25.0

ENOUGH_LATE = 200
"""Of what takes 2 µs each, for a median."""


class ConnectFailed(PerftestsError):
    """The server closed the socket before its first frame."""


class NotificationClient(Arrivals, Connection):
    """A client of protocol 1: acknowledges, drops duplicates by id, over reconnects as well.

    `errors` are the codes of the server's error frames, `types` how many frames of each type came.
    Where somebody has given it a list `late_ns`, pushes add how late they came until it has enough.

    `ack=False` never acknowledges; else an ack waits for others, for half of `ack_delay_seconds`
    up to all of it, at random as in the browser. `auto_ack` lets the server take sending for
    delivery, `heartbeat_seconds` lie between two pings. Without a `ticket` the `headers` have to
    carry a session's cookie.
    """

    def __init__(
        self,
        websocket_url: str,
        ticket: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        read: bool = True,
        ack: bool = True,
        ack_delay_seconds: float = 1.0,
        auto_ack: bool = False,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        Arrivals.__init__(self)
        Connection.__init__(self, "", headers=headers, read=read)
        self.errors: list[str] = []
        self.types: Counter[str] = Counter()
        self.late_ns: list[int] | None = None
        self.ticket = ticket
        self._websocket_url = websocket_url
        self._acks = ack and not auto_ack
        self._ack_delay_seconds = ack_delay_seconds
        self._auto_ack = auto_ack
        self._heartbeat_seconds = heartbeat_seconds
        self._half_window = 1
        self._unacknowledged: list[int] = []
        self._ack_timer: asyncio.TimerHandle | None = None
        self._heartbeat_timer: asyncio.TimerHandle | None = None
        self._greeting: asyncio.Future[str] | None = None
        """Empty with the hello, else why there was none. No exception: nobody may be waiting."""

    @property
    def arrived(self) -> int:
        """Notifications that have arrived."""
        return len(self.arrived_ids)

    async def connect(self, *, timeout_seconds: float = 30.0) -> None:
        """Connect and wait for the server's hello.

        A ticket is short-lived: set `ticket` before connecting again. Raises `ConnectFailed` when
        the server closes instead, besides what `Connection.connect` raises.
        """
        query = {"ticket": self.ticket} if self.ticket else {}
        query |= {"ack": "auto"} if self._auto_ack else {}
        self.url = f"{self._websocket_url}/ws/notifications/?{urlencode(query)}"
        if self._reads:
            self._greeting = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout_seconds):
                await super().connect(timeout_seconds=timeout_seconds)
                if self._greeting is not None and (reason := await self._greeting):
                    raise ConnectFailed(reason)
        except BaseException:
            self.drop()
            raise
        finally:
            self._greeting = None

    def receive(self, frame: WSFrame) -> None:
        arrived_ns = time.perf_counter_ns()
        decoded = decode(frame.get_payload_as_memoryview())
        self.types[decoded.type] += 1
        match decoded.type:
            case "notification":
                self._take([decoded.id], arrived_ns)
                if self.late_ns is not None:
                    self._note_late(frame)
            case "batch":
                self._take([item.id for item in decoded.items], arrived_ns)
            case "hello":
                self._greeted(decoded)
            case "state":
                self.note_count(decoded.unread, decoded.upto, decoded.deleted)
            case "error":
                self.errors.append(decoded.code)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        super().on_ws_disconnected(transport)
        for timer in (self._ack_timer, self._heartbeat_timer):
            if timer is not None:
                timer.cancel()
        self._ack_timer = self._heartbeat_timer = None
        # The server sends these again, and takes acks for what this connection got from it alone.
        self._unacknowledged.clear()
        if self._greeting is not None and not self._greeting.done():
            reason = f"the server closed with {self.close_code} before its hello"
            self._greeting.set_result(reason)

    def _greeted(self, hello: Frame) -> None:
        self.note_epoch(hello.epoch)
        self.note_count(hello.unread, hello.upto)
        self._half_window = max(1, hello.window // 2)
        self._schedule_heartbeat()
        if self._greeting is not None and not self._greeting.done():
            self._greeting.set_result("")

    def _note_late(self, frame: WSFrame) -> None:
        assert self.late_ns is not None
        self.late_ns.append(late_ns(frame.get_payload_as_memoryview()))
        if len(self.late_ns) >= ENOUGH_LATE:
            self.late_ns = None

    def _take(self, ids: list[int], arrived_ns: int) -> None:
        self.note_arrivals(ids, arrived_ns)
        if self._acks:
            # Duplicates as well: the server sent them because an ack did not reach it.
            self._unacknowledged += ids
            self._schedule_ack()

    def _schedule_ack(self) -> None:
        if len(self._unacknowledged) >= self._half_window:
            self._acknowledge()
        elif self._ack_timer is None:
            loop = asyncio.get_running_loop()
            delay = self._ack_delay_seconds * random.uniform(0.5, 1)
            self._ack_timer = loop.call_later(delay, self._acknowledge)

    def _acknowledge(self) -> None:
        if self._ack_timer is not None:
            self._ack_timer.cancel()
            self._ack_timer = None
        size = protocol.MAX_IDS_PER_FRAME
        for start in range(0, len(self._unacknowledged), size):
            self.send({"type": "ack", "ids": self._unacknowledged[start : start + size]})
        self._unacknowledged.clear()

    def _schedule_heartbeat(self) -> None:
        loop = asyncio.get_running_loop()
        self._heartbeat_timer = loop.call_later(self._heartbeat_seconds, self._beat)

    def _beat(self) -> None:
        self.send({"type": "ping"})
        self._schedule_heartbeat()


class Listener(NotificationClient):
    """The same client at a URL where nobody greets it or takes an ack.

    Whoever is compared with us has clients that do as much with each frame: one that is back
    asleep sooner has to be woken for the next, which is on the server's account.
    """

    def __init__(self, url: str) -> None:
        super().__init__("", ack=False)
        self.url = url

    @property
    def arrived(self) -> int:
        """Frames: whoever sends them may have ids of another kind, or none."""
        return self.frames

    async def connect(self, *, timeout_seconds: float = 30.0) -> None:
        """Connect; raises what `Connection.connect` raises."""
        await Connection.connect(self, timeout_seconds=timeout_seconds)

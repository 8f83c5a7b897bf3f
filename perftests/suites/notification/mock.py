"""A connection without a network, attached straight to the hub of this process's event loop."""

import asyncio
import time
from typing import Any

from notifications.access.authentication import Credentials
from notifications.conf import get_settings
from notifications.hub import Socket, get_hub
from perftests.exceptions import PerftestsError
from perftests.load.clients.arrivals import Arrivals, decode

ACK_SECONDS = 0.001
"""No ack comes before the sending of what it is for has returned."""


class MockRefused(PerftestsError):
    """The hub did not admit a mock connection."""


class MockWebSocketConnection(Arrivals):
    """What the hub takes for a server's connection; all methods belong to one event loop.

    `frames[i]`, a text, was sent at `frames_ns[i]` (`perf_counter_ns`). `close_code` is what the
    hub closed it with; `abandoned` when not even that was taken.

    `ack=False` never acknowledges. `frame_seconds` is how long it takes for each frame, as a
    server does whose client reads slowly.
    """

    def __init__(self, ticket: str, *, ack: bool = True, frame_seconds: float = 0.0) -> None:
        super().__init__()
        self.ticket = ticket
        self.frames: list[str] = []
        self.frames_ns: list[int] = []
        self.close_code: int | None = None
        self.abandoned = False
        self._acks = ack
        self._frame_seconds = frame_seconds
        self._unacknowledged: list[int] = []
        self._arrived = asyncio.Event()

    async def connect(self) -> None:
        """Connect and wait for the hello; raises `MockRefused` when the hub closes instead."""
        self._hub = get_hub()
        self._socket = Socket(self._send, self._abandon, window=get_settings().WINDOW)
        code = await self._hub.connect(self._socket, Credentials(ticket=self.ticket))
        if code is not None:
            await self.disconnect()
            raise MockRefused(f"The hub refused the connection with code {code}.")

    async def disconnect(self) -> None:
        """Leave; the last one to leave ends the hub's threads and connections."""
        await self._hub.disconnect(self._socket)

    async def wait_for(self, count: int, *, timeout_seconds: float = 30.0) -> None:
        """Wait until `count` different notifications have arrived; raises `TimeoutError`."""
        async with asyncio.timeout(timeout_seconds):
            while len(self.arrived_ids) < count:
                self._arrived.clear()
                await self._arrived.wait()

    def acknowledge(self) -> None:
        """Acknowledge what has arrived since the last time."""
        ids, self._unacknowledged = self._unacknowledged, []
        if ids:
            self._hub.acknowledged(self._socket, ids)

    async def _send(self, message: dict[str, Any]) -> None:
        """What an ASGI server offers an application to send with."""
        if self._frame_seconds:
            await asyncio.sleep(self._frame_seconds)
        if message["type"] == "websocket.close":
            self.close_code = message["code"]
            return
        self.frames.append(message["text"])
        self.frames_ns.append(time.perf_counter_ns())
        frame = decode(message["text"])
        if frame.type == "notification":
            self._take([frame.id])
        elif frame.type == "batch":
            self._take([item.id for item in frame.items])

    def _abandon(self) -> None:
        self.abandoned = True

    def _take(self, ids: list[int]) -> None:
        self.note_arrivals(ids, self.frames_ns[-1])
        self._arrived.set()
        if self._acks and not self._unacknowledged:
            asyncio.get_running_loop().call_later(ACK_SECONDS, self.acknowledge)
        self._unacknowledged += ids

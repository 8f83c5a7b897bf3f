"""A client of Socket.IO: version 5 of its protocol in version 4 of engine.io's, by WebSocket.

https://github.com/socketio/socket.io-protocol and https://github.com/socketio/engine.io-protocol
"""

import asyncio
import time
from typing import NamedTuple

from picows import WSFrame

from perftests.load.clients.arrivals import decode
from perftests.load.clients.client import Listener

OPEN, PING, PONG = "0", "2", "3"
CONNECT, EVENT, ACK = "40", "42", "43"
"""Of a message of engine.io, `4`, the kinds that Socket.IO gives it."""


class Event(NamedTuple):
    """The id of its notification, and the number by which an ack is asked for; "" for none."""

    notification: int
    ack: str


def read_event(text: str) -> Event:
    """Of `42["notification",{"id":7}]`, or `429[…]` where ack 9 is asked for."""
    number, _, arguments = text.removeprefix(EVENT).partition("[")
    _, _, notification = arguments.removesuffix("]").partition(",")
    return Event(decode(notification.encode()).id, number)


class SocketIoClient(Listener):
    """Joins the default namespace, answers pings, and acknowledges what asks for it."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._joined = asyncio.Event()

    async def connect(self, *, timeout_seconds: float = 30.0) -> None:
        """Connect and join; raises what `Connection.connect` raises."""
        self._joined.clear()
        await super().connect(timeout_seconds=timeout_seconds)
        async with asyncio.timeout(timeout_seconds):
            await self._joined.wait()

    def receive(self, frame: WSFrame) -> None:
        text = frame.get_payload_as_utf8_text()
        if text.startswith(EVENT):
            event = read_event(text)
            self.note_arrivals([event.notification], time.perf_counter_ns())
            if event.ack:
                self.send(f"{ACK}{event.ack}[]")
        elif text.startswith(OPEN):
            self.send(CONNECT)
        elif text.startswith(CONNECT):
            self._joined.set()
        elif text == PING:
            self.send(PONG)

"""The WebSocket consumer: frames in, hub calls out."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from channels.generic.websocket import AsyncWebsocketConsumer

from .access.authentication import credentials_in
from .access.devices import trace_in
from .access.origins import origin_allowed
from .access.tickets import SUBPROTOCOL
from .background.counters import counters
from .conf import get_settings
from .hub import Hub, Socket, get_hub
from .hub.shutdown import is_ending
from .wire import protocol
from .wire.extensions import listen_in, writer_in
from .wire.protocol import CloseCode, FrameRefused

NO_CODE = 1005
"""What RFC 6455 calls a close without a code."""

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class NotificationConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # untyped base
    """One socket of one user, at the price of a bare ASGI application.

    The stock consumer's dispatch takes a thread hop for each message and a channel for each
    socket; this one reads its frames itself, and the hub writes straight to the server.
    """

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        self.scope = scope
        self.base_send = send
        await receive()  # websocket.connect
        if not origin_allowed(scope):
            await send({"type": "websocket.close"})  # before accept: HTTP 403
            return
        chosen = SUBPROTOCOL if SUBPROTOCOL in scope.get("subprotocols", ()) else None
        await send({"type": "websocket.accept", "subprotocol": chosen})
        if is_ending():
            await send({"type": "websocket.close", "code": CloseCode.RESTART})
            return
        hub = get_hub()
        socket = self._socket(send)
        try:
            code = await hub.connect(socket, credentials_in(scope))
            if code is not None:
                socket.close(code)
            await self._serve(hub, socket, receive)
        except asyncio.CancelledError:
            # The server shuts down, or the hub has given up a client that takes no frame.
            if not socket.busy:
                socket.close(CloseCode.RESTART)
        finally:
            await hub.disconnect(socket)

    def _socket(self, send: Send) -> Socket:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - servers run an application as a task
        query = parse_qs(self.scope.get("query_string", b"").decode("latin-1"))
        return Socket(
            send,
            task.cancel,
            window=get_settings().WINDOW,
            auto_ack=query.get("ack") == ["auto"],
            writer=writer_in(self.scope),
            trace=trace_in(self.scope),
        )

    async def _serve(self, hub: Hub, socket: Socket, receive: Receive) -> None:
        """Read frames until the client leaves, or let the server hand them over."""
        reader = FrameReader(hub, socket)
        listen = listen_in(self.scope)
        if listen is not None:
            listen(reader.read)
        while (message := await receive())["type"] != "websocket.disconnect":
            reader.read(message.get("text"))
        if not socket.closed:
            counters.closes[message.get("code") or NO_CODE] += 1


class FrameReader:
    """What one client says: handed on, refused when it is wrong, closed when that goes on."""

    __slots__ = ("_hub", "_limit", "_max_bytes", "_refused", "_socket", "_time")

    def __init__(self, hub: Hub, socket: Socket) -> None:
        settings = get_settings()
        self._hub = hub
        self._socket = socket
        self._max_bytes = settings.MAX_FRAME_BYTES
        self._limit = FrameLimit(settings.FRAMES_PER_SECOND)
        self._refused = 0
        self._time = asyncio.get_running_loop().time

    def read(self, text: str | None) -> None:
        """One message; a binary one has no text."""
        socket = self._socket
        if socket.closed:
            return
        socket.last_heard = now = self._time()
        try:
            frame = protocol.decode(text, self._max_bytes)
            # By far the most frequent. How many there can be is up to the server.
            if type(frame) is protocol.Ack and self._hub.acknowledged(socket, frame.ids):
                return
            self._limit.count(now)
            self._hub.received(socket, frame)
        except FrameRefused as error:
            self._refuse(error)

    def _refuse(self, error: FrameRefused) -> None:
        self._refused += 1
        self._socket.write(protocol.error(error))
        if self._refused >= get_settings().MAX_REFUSED_FRAMES:
            self._socket.close(CloseCode.BAD_FRAMES)


class FrameLimit:
    """A token bucket: so many frames a second, and twice as many at once."""

    __slots__ = ("_at", "_per_second", "_tokens")

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._tokens = 2.0 * per_second
        self._at = 0.0

    def count(self, now: float) -> None:
        """Take one frame; raises `FrameRefused` when there were too many."""
        earned = (now - self._at) * self._per_second
        self._tokens = min(2 * self._per_second, self._tokens + earned) - 1
        self._at = now
        if self._tokens < 0:
            self._tokens = 0
            raise FrameRefused("too_frequent", f"at most {self._per_second:g} frames per second")

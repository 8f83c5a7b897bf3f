"""For `uvicorn --ws notifications.uvicorn:PreparedFramesProtocol`."""

import asyncio
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State

from .wire.extensions import LISTEN, PREPARED, Hear
from .wire.framing import FrameBounds

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform for which it is not compiled
    from websockets.utils import apply_mask

CHUNK_BYTES = 65_536
"""A client that has sent more at once waits for a turn of the others before it is read again."""


class PreparedFramesProtocol(WebSocketsSansIOProtocol):
    """uvicorn's `websockets-sansio`, which also takes frames that were made for many connections,
    and hands over what clients send without a queue.

    Whatever does not come by these extensions goes uvicorn's own way.
    """

    _hear: Hear | None = None
    _bounds: FrameBounds | None = None

    def handle_connect(self, event: Request) -> None:
        """Offer the extensions to the application."""
        super().handle_connect(event)
        if not hasattr(self, "scope"):
            return  # a connection that was refused
        self._bounds = FrameBounds()  # uvicorn hands over the request alone
        offered = self.scope.setdefault("extensions", {}) or {}
        offered[LISTEN] = {"listen": self.listen}
        if not self.conn.extensions:  # one that compresses makes frames of its own
            offered[PREPARED] = {"prepare": prepare, "write": self.write_prepared}

    def connection_lost(self, exc: Exception | None) -> None:
        """Withdraw the offers, by which connection and scope would keep each other in memory."""
        super().connection_lost(exc)
        self._hear = None
        if hasattr(self, "scope"):
            for name in (LISTEN, PREPARED):
                (self.scope["extensions"] or {}).pop(name, None)

    def write_prepared(self, frame: bytes) -> bool:
        """Write a frame if `send` would write it now; otherwise nothing happens."""
        if self.disconnected or self.conn.state is not State.OPEN or not self.writable.is_set():
            return False
        self.transport.write(frame)
        return True

    def listen(self, hear: Hear) -> None:
        """Hand over what waits and all that comes; what ends the connection goes to `receive`."""
        self._hear = hear
        came, self.queue = self.queue, SmallQueue()  # type: ignore[assignment]  # has what is used
        vars(self).pop("response", None)  # the handshake is over
        while not came.empty():
            message = came.get_nowait()
            if message["type"] == "websocket.receive":
                self._hand_over(message.get("text"))
            else:
                self.queue.put_nowait(message)
        self._read_on()

    def data_received(self, data: bytes) -> None:
        """Hand over a text that comes alone, as an ack does; all else is for uvicorn to read, no
        further than the application has taken messages."""
        if self._bounds is not None:
            if len(data) < CHUNK_BYTES and self._takes_text(data, self._bounds):
                return
            self._bounds.passed(data)
        super().data_received(data)
        if self._hear is not None and len(data) >= CHUNK_BYTES and not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()
            self.loop.call_soon(self._read_on)

    def _takes_text(self, data: bytes, bounds: FrameBounds) -> bool:
        """What uvicorn would do with it, at a third of the price; or nothing."""
        if self._hear is None or self.conn.state is not State.OPEN:
            return False
        payload = bounds.whole_text(data)
        if not payload or len(data) - payload > self.config.ws_max_size:
            return False
        try:
            text = apply_mask(data[payload:], data[payload - 4 : payload]).decode()
        except UnicodeDecodeError:
            return False
        self._hand_over(text)
        return True

    def send_receive_event_to_app(self) -> None:
        """Hand over a message, if somebody listens."""
        if self._hear is None or self.close_sent:
            super().send_receive_event_to_app()
            return
        text = None
        if self.curr_msg_data_type == "text":
            try:
                text = b"".join(self.frames).decode()
            except UnicodeDecodeError:
                super().send_receive_event_to_app()  # which closes with the code for it
                return
        self.frames = []
        self._hand_over(text)

    def _hand_over(self, text: str | None) -> None:
        assert self._hear is not None  # noqa: S101 - whoever calls this has looked
        try:
            self._hear(text)
        except Exception:
            # As uvicorn does when an application fails.
            self.logger.exception("Exception in ASGI application\n")
            self.transport.close()

    def _read_on(self) -> None:
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()


class SmallQueue:
    """A queue for the end of a connection: an `asyncio.Queue` holds 3 kB, empty as it is."""

    __slots__ = ("_messages", "_news")

    def __init__(self) -> None:
        self._messages: list[Any] = []
        self._news: asyncio.Future[None] | None = None

    def empty(self) -> bool:
        return not self._messages

    def put_nowait(self, message: Any) -> None:
        self._messages.append(message)
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    async def get(self) -> Any:
        """The oldest message; for one reader at a time."""
        while not self._messages:
            self._news = asyncio.get_running_loop().create_future()
            await self._news
        return self._messages.pop(0)


def prepare(text: str) -> bytes:
    """The frame of a text message, unmasked, as servers send it."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)

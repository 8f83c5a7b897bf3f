"""One WebSocket of the load generator, fast enough not to be what is measured.

All methods belong to the thread of the event loop that connected it: from a test, go through
`Swarm.call` and `Swarm.run`.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Mapping
from typing import Any

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSParsedURL, WSTransport, ws_connect

from notifications.wire import protocol

ABNORMAL_CLOSURE = 1006
NO_CLOSE_CODE = 1005
CLOSE_SECONDS = 2.0

# Too small to hide for long that nobody reads; by default the kernel would take megabytes.
UNREAD_BUFFER_BYTES = 4096


class Connection(WSListener):
    """One WebSocket that counts what it gets: `frames`, and `bytes` of their payload.

    `read=False` is a client that never reads: what it gets stays in the network's buffers.
    `close_code` tells how the last connection ended, 1006 without a close frame. `handshake_ns`
    is the time from opening the socket to the server's acceptance.
    """

    def __init__(
        self, url: str, *, headers: Mapping[str, str] | None = None, read: bool = True
    ) -> None:
        super().__init__()
        self.url = url
        self.headers = dict(headers or {})
        self.frames = 0
        self.bytes = 0
        self.connected = False
        self.close_code: int | None = None
        self.handshake_ns = 0
        self._reads = read
        self._transport: WSTransport | None = None

    @property
    def arrived(self) -> int:
        """Messages, as far as a client knows what one is."""
        return self.frames

    async def connect(self, *, timeout_seconds: float = 30.0) -> None:
        """Connect, again if need be; raises `picows.WSError`, `OSError` or `TimeoutError`."""
        self.connected = False
        self.close_code = None
        begun_ns = time.perf_counter_ns()
        await ws_connect(
            lambda request, response: self,
            self.url,
            websocket_handshake_timeout=timeout_seconds,
            extra_headers=self.headers,
            socket_factory=None if self._reads else _socket_with_small_buffer,
        )
        # picows returns as if all were well when the connection is lost during the handshake.
        if not self.connected and self.close_code is None:
            raise ConnectionResetError("the connection was lost during the handshake")
        self.handshake_ns = time.perf_counter_ns() - begun_ns

    async def close(self, code: WSCloseCode = WSCloseCode.OK) -> None:
        """Say goodbye and wait until the server has, for a short while."""
        if self._transport is None or not self.connected:
            return
        self._transport.send_close(code)
        if self._reads:
            with contextlib.suppress(TimeoutError):  # it is dropped then
                await asyncio.wait_for(self._transport.wait_disconnected(), CLOSE_SECONDS)
        self.drop()

    def drop(self) -> None:
        """Cut the TCP connection without a word, as a lost network does."""
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    def send(self, frame: Mapping[str, Any] | str) -> None:
        """Send one frame; text is sent as it is, be it nonsense."""
        assert self._transport is not None
        text = frame if isinstance(frame, str) else protocol.encode(dict(frame))
        self._transport.send(WSMsgType.TEXT, text.encode())

    def receive(self, frame: WSFrame) -> None:
        """Take one text frame."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self.connected = True
        if not self._reads:
            transport.underlying_transport.pause_reading()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if not self._reads:
            return  # it came in one piece with the handshake
        if frame.msg_type == WSMsgType.TEXT:
            self.frames += 1
            self.bytes += frame.payload_size
            self.receive(frame)
        elif frame.msg_type == WSMsgType.CLOSE:
            code = int.from_bytes(frame.get_payload_as_bytes()[:2], "big")
            self.close_code = code or NO_CLOSE_CODE
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.connected = False
        if self.close_code is None:
            self.close_code = ABNORMAL_CLOSURE


def _socket_with_small_buffer(url: WSParsedURL) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UNREAD_BUFFER_BYTES)
    return client

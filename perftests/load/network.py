"""A network between clients and a server that fails as real ones do."""

import asyncio
from typing import Any, Self

from .system import HOST


class Link:
    """Relays TCP connections to a port of this machine, on the running event loop.

    While it is frozen nothing passes, not even the end of a connection: to both sides it looks
    alive, as when a laptop's lid is closed.
    """

    def __init__(self, port: int) -> None:
        self.frozen = False
        self.port = 0
        self._server_port = port
        self._sides: set[_Side] = set()
        self._listener: asyncio.Server | None = None

    @property
    def websocket_url(self) -> str:
        """Where clients connect instead of to the server."""
        return f"ws://{HOST}:{self.port}"

    async def open(self) -> Self:
        """Listen on a free port."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: _Side(self), HOST, 0)
        self.port = self._listener.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        """Cut every connection and listen no more."""
        if self._listener is not None:
            self._listener.close()
        for side in list(self._sides):
            side.transport.abort()

    def freeze(self) -> None:
        self.frozen = True

    def thaw(self) -> None:
        """Let through what was held back."""
        self.frozen = False
        for side in list(self._sides):
            side.forward()

    def add(self, side: "_Side") -> None:
        """A client has come: connect it to the server."""
        self._sides.add(side)
        if side.other is None:
            side.connecting = asyncio.create_task(self._connect(side))

    def remove(self, side: "_Side") -> None:
        self._sides.discard(side)

    async def _connect(self, side: "_Side") -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: _Side(self, side), HOST, self._server_port)
        except OSError:
            side.transport.abort()


class _Side(asyncio.Protocol):
    """One of the two connections of a relay; what it receives goes out at the other."""

    transport: asyncio.Transport

    def __init__(self, link: Link, other: "_Side | None" = None) -> None:
        self.other = other
        self.connecting: asyncio.Task[None] | None = None
        self._link = link
        self._held: list[bytes] = []
        self._ended = False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._link.add(self)
        if self.other is not None:
            self.other.other = self
            self.other.forward()

    def data_received(self, data: bytes) -> None:
        self._held.append(data)
        self.forward()

    def eof_received(self) -> bool:
        self._ended = True
        self.forward()
        return True  # closed together with the other side, which a frozen link keeps open

    def connection_lost(self, error: Exception | None) -> None:
        self._ended = True
        self.forward()

    def forward(self) -> None:
        if self._link.frozen or self.other is None:
            return
        if self._held and not self.other.transport.is_closing():
            self.other.transport.writelines(self._held)
        self._held.clear()
        if self._ended:
            self._link.remove(self)
            self.other.transport.close()

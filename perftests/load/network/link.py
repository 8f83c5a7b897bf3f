"""A network between clients and a server that is as slow as real ones, and fails as they do."""

import asyncio
import math
import random
import socket
import struct
from collections import deque
from typing import Any, Self

from perftests.processes.system import HOST

from .shaping import UNSHAPED, Lane, LinkProfile

BUFFER_BYTES = 65_536
"""What may be on its way in one direction of a connection; beyond, the sender has to wait."""

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Link:
    """Relays TCP connections to a port of this machine, on the running event loop.

    Each connection is shaped by the profile as if it were alone on its link. While the link is
    frozen nothing passes, not even the end of a connection or a new one: to both sides it looks
    alive, as when a laptop's lid is closed.
    """

    def __init__(self, port: int, profile: LinkProfile = UNSHAPED) -> None:
        self.port = 0
        self.profile = profile
        self._server_port = port
        self._chance = random.Random()
        self._passable = asyncio.Event()
        self._passable.set()
        self._sides: set[_Side] = set()
        self._listener: asyncio.Server | None = None

    @property
    def websocket_url(self) -> str:
        """Where clients connect instead of to the server."""
        return f"ws://{HOST}:{self.port}"

    @property
    def frozen(self) -> bool:
        return not self._passable.is_set()

    @property
    def connections(self) -> int:
        """How many connections of clients it relays."""
        return sum(side.connecting is not None for side in self._sides)

    async def open(self) -> Self:
        """Listen on a free port."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._client_side, HOST, 0)
        self.port = self._listener.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        """Cut every connection and listen no more."""
        if self._listener is not None:
            self._listener.close()
        self.cut()

    def freeze(self) -> None:
        self._passable.clear()
        for side in self._sides:
            side.pace()

    def thaw(self) -> None:
        """Let through what was held back."""
        self._passable.set()
        for side in list(self._sides):
            side.move()

    def abandon(self) -> None:
        """Let the connections of now hang for good, as behind a firewall that forgot them.

        New ones pass.
        """
        for side in self._sides:
            side.abandoned = True
            side.pace()

    def bury(self) -> None:
        """Reset the connections that were abandoned."""
        for side in [side for side in self._sides if side.abandoned]:
            side.reset()

    def cut(self) -> int:
        """Reset every connection on both sides, with what was on its way; how many those were."""
        clients = self.connections
        for side in list(self._sides):
            side.reset()
        return clients

    def add(self, side: "_Side") -> None:
        """A client has come: connect it to the server."""
        self._sides.add(side)
        if side.other is None:
            side.connecting = asyncio.create_task(self._connect(side))

    def remove(self, side: "_Side") -> None:
        self._sides.discard(side)

    def _client_side(self) -> "_Side":
        return _Side(self, Lane(self.profile, self.profile.up_kbit, self._chance))

    def _server_side(self, client: "_Side") -> "_Side":
        return _Side(self, Lane(self.profile, self.profile.down_kbit, self._chance), client)

    async def _connect(self, client: "_Side") -> None:
        # The kernel has accepted at once; over a real link that would have taken a round trip.
        await asyncio.sleep(self.profile.round_trip_seconds)
        await self._passable.wait()
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: self._server_side(client), HOST, self._server_port)
        except OSError:
            client.reset()


class _Side(asyncio.Protocol):
    """One of the two connections of a relay; what it receives goes out at the other."""

    transport: asyncio.Transport

    def __init__(self, link: Link, lane: Lane, other: "_Side | None" = None) -> None:
        self.other = other
        self.connecting: asyncio.Task[None] | None = None
        self.abandoned = False
        self._link = link
        self._lane = lane
        self._loop = asyncio.get_running_loop()
        self._on_its_way: deque[tuple[float, bytes]] = deque()  # nothing stands for the end
        self._early: list[bytes] = []
        self._bytes = 0
        self._ended = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def stuck(self) -> bool:
        return self.abandoned or self._link.frozen

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._link.add(self)
        if self.other is not None:
            self.other.join(self)
        self.pace()

    def join(self, other: "_Side") -> None:
        """The connection to the server stands: what the client sends may go."""
        self.other = other
        if early := b"".join(self._early):
            self._early.clear()
            self.data_received(early)
        self.move()

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self._early.append(data)  # uvloop starts to read after connection_made, paused or not
            return
        start = 0
        for arrival, size in self._lane.send(len(data), self._loop.time()):
            self._on_its_way.append((arrival, data[start : start + size]))
            start += size
        self._bytes += len(data)
        self.move()

    def eof_received(self) -> bool:
        self._end()
        return True  # closed together with the other side, which a frozen link keeps open

    def connection_lost(self, error: Exception | None) -> None:
        self._end()

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._on_its_way.append((self._lane.end(self._loop.time()), b""))
            self.move()

    def move(self) -> None:
        """Pass on what has arrived by now, and come back for the rest."""
        if self.other is None or self.stuck:
            return
        self._pass_on(self.other.transport)
        if self._on_its_way and self._timer is None:
            # Rounded up: uvloop counts whole milliseconds, and would come back too early.
            left_ms = 1000 * (self._on_its_way[0][0] - self._loop.time())
            self._timer = self._loop.call_later(math.ceil(left_ms) / 1000, self._come_back)
        self.pace()

    def _come_back(self) -> None:
        self._timer = None
        self.move()

    def _pass_on(self, transport: asyncio.Transport) -> None:
        now = self._loop.time()
        arrived = []
        while self._on_its_way and self._on_its_way[0][0] <= now:
            arrived.append(self._on_its_way.popleft()[1])
        if not arrived:
            return
        self._bytes -= sum(map(len, arrived))
        if not transport.is_closing():
            transport.writelines(arrived)
        if not arrived[-1]:
            self._link.remove(self)
            transport.close()

    def pace(self) -> None:
        """Read on, unless nothing more fits: then the sender's own buffers fill."""
        if self._ended or self.transport.is_closing():
            return
        if self.other is None or self.stuck or self._bytes >= BUFFER_BYTES:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def reset(self) -> None:
        """End this connection as a broken one ends, without what it still had to say."""
        if self.connecting is not None:
            self.connecting.cancel()
        if self._timer is not None:
            self._timer.cancel()
        self._ended = True
        self._on_its_way.clear()
        self._link.remove(self)
        tcp = self.transport.get_extra_info("socket")
        if tcp is not None and not self.transport.is_closing():  # uvloop's may be gone already
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.transport.abort()

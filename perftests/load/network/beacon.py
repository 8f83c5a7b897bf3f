"""What a link takes by itself: messages from a server that does nothing else.

Everything runs on one event loop, the one of the links.
"""

import asyncio
import time
from functools import partial
from typing import Any, Self

from perftests.processes.system import HOST

from ..schedule.pacing import moments_ns, seconds_until
from .link import Link
from .shaping import LinkProfile


class Beacon:
    """Sends `size` bytes to every listener at a fixed rate, whatever became of those before."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.due_ns: list[int] = []
        self._transports: list[asyncio.WriteTransport] = []
        self._lit: asyncio.Queue[asyncio.WriteTransport] = asyncio.Queue()
        self._links: list[Link] = []
        self._server: asyncio.Server | None = None

    async def open(self) -> Self:
        """Listen on a free port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Lamp(self._lit), HOST, 0)
        return self

    async def close(self) -> None:
        """Cut all listeners off."""
        for link in self._links:
            await link.close()
        if self._server is not None:
            self._server.close()

    async def listen(self, profile: LinkProfile, count: int) -> list["BeaconListener"]:
        """So many listeners behind a link of this profile, all connected."""
        assert self._server is not None
        link = await Link(self._server.sockets[0].getsockname()[1], profile).open()
        self._links.append(link)
        loop = asyncio.get_running_loop()
        listeners = [BeaconListener(self.size) for _ in range(count)]
        for listener in listeners:
            await loop.create_connection(partial(_itself, listener), HOST, link.port)
        self._transports += [await self._lit.get() for _ in listeners]
        return listeners

    async def shine(self, count: int, per_second: float) -> None:
        """Send to all so often; `due_ns` tells when each should have been sent."""
        message = bytes(self.size)
        for moment_ns in moments_ns(count, per_second):
            await asyncio.sleep(seconds_until(moment_ns))
            self.due_ns.append(moment_ns)
            for transport in self._transports:
                transport.write(message)


class BeaconListener(asyncio.Protocol):
    """`arrived_ns[i]` is when the last byte of message i had come, in `perf_counter_ns`."""

    def __init__(self, size: int) -> None:
        self.arrived_ns: list[int] = []
        self._size = size
        self._bytes = 0

    def data_received(self, data: bytes) -> None:
        self._bytes += len(data)
        complete = self._bytes // self._size - len(self.arrived_ns)
        self.arrived_ns += [time.perf_counter_ns()] * complete


class _Lamp(asyncio.Protocol):
    """The beacon's end of one connection."""

    def __init__(self, lit: asyncio.Queue[asyncio.WriteTransport]) -> None:
        self._lit = lit

    def connection_made(self, transport: Any) -> None:
        self._lit.put_nowait(transport)


def _itself(listener: BeaconListener) -> BeaconListener:
    return listener

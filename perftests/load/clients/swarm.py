"""Many clients on an event loop in a thread of its own, with a face for ordinary tests."""

import asyncio
import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from typing import Any, Self, TypeVar

import uvloop
from picows import WSError

from perftests.measure import meters
from perftests.processes.system import raise_open_file_limit

from .client import ConnectFailed, Listener, NotificationClient
from .connection import Connection
from .health import Watch
from .meter import SwarmMeter

T = TypeVar("T")
Client = TypeVar("Client", bound=Connection)

POLL_SECONDS = 0.005


class Swarm:
    """A context manager around many clients of the server at `websocket_url`.

    `connect_ns` holds the time that each connect took, to the server's first frame;
    `failures` counts the reasons of those that did not succeed.
    """

    def __init__(self, websocket_url: str) -> None:
        raise_open_file_limit()
        self.websocket_url = websocket_url
        self.clients: list[Connection] = []
        self.connect_ns: list[int] = []
        self.failures: Counter[str] = Counter()
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="swarm", daemon=True)
        self._thread.start()
        self._meter = SwarmMeter(self)
        meters.show(self._meter)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def connect(
        self, tickets: Iterable[str], *, concurrency: int = 100, **options: Any
    ) -> list[NotificationClient]:
        """Connect a client for each ticket, `concurrency` at a time; those that succeeded.

        `options` are those of `NotificationClient`.
        """
        clients = [NotificationClient(self.websocket_url, t, **options) for t in tickets]
        return self.connect_clients(clients, concurrency=concurrency)

    def connect_floor(self, count: int, *, concurrency: int = 100) -> list[Listener]:
        """Connect `count` clients to the floor; those that succeeded."""
        clients = [Listener(f"{self.websocket_url}/floor/") for _ in range(count)]
        return self.connect_clients(clients, concurrency=concurrency)

    def connect_clients(self, clients: Sequence[Client], *, concurrency: int = 100) -> list[Client]:
        """Connect clients, new ones or again; those that succeeded."""
        known = set(self.clients)
        self.clients += [client for client in clients if client not in known]
        return self.run(self._connect_all(clients, concurrency))

    async def _connect_all(self, clients: Sequence[Client], concurrency: int) -> list[Client]:
        slots = asyncio.Semaphore(concurrency)
        succeeded = await asyncio.gather(*(self._connect_one(c, slots) for c in clients))
        return [client for client, success in zip(clients, succeeded, strict=True) if success]

    async def _connect_one(self, client: Connection, slots: asyncio.Semaphore) -> bool:
        async with slots:
            begun_ns = time.perf_counter_ns()
            try:
                await client.connect()
            except (ConnectFailed, WSError, OSError) as error:
                self.failures[str(error) or type(error).__name__] += 1
                return False
            self.connect_ns.append(time.perf_counter_ns() - begun_ns)
            return True

    def wait_until(self, predicate: Callable[[], bool], timeout_seconds: float, what: str) -> None:
        """Wait for a condition, asked on the loop, where no client changes meanwhile.

        Raises `TimeoutError` that says `what` was awaited and how far it came.
        """
        if not self.run(self._poll(predicate, timeout_seconds)):
            raise TimeoutError(
                f"Waited {timeout_seconds:g} seconds for {what}: {self._describe()}."
            )

    async def _poll(self, predicate: Callable[[], bool], timeout_seconds: float) -> bool:
        deadline = time.monotonic() + timeout_seconds
        while not predicate():
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True

    def _describe(self) -> str:
        connected = sum(client.connected for client in self.clients)
        frames = sum(client.frames for client in self.clients)
        arrived = sum(
            len(client.arrived_ids)
            for client in self.clients
            if isinstance(client, NotificationClient)
        )
        return (
            f"{connected} of {len(self.clients)} clients are connected, "
            f"{frames} frames and {arrived} notifications have arrived"
        )

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and return its result."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call a plain function, such as a client's `drop`, on the loop."""

        async def calling() -> T:
            return function(*arguments)

        return self.run(calling())

    @contextlib.contextmanager
    def watch(self) -> Iterator[Watch]:
        """Watch whether the swarm keeps up while the block runs; the answer is there after it."""
        watch = Watch()
        self.call(watch.begin)
        try:
            yield watch
        finally:
            self.call(watch.end)

    def leave(self, clients: Sequence[Connection]) -> None:
        """Let these say goodbye."""
        self.run(self._close_all(clients))

    def close(self) -> None:
        """Close every client and end the thread."""
        if self._loop.is_closed():
            return
        meters.hide(self._meter)
        self.run(self._close_all(self.clients))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close_all(self, clients: Sequence[Connection]) -> None:
        await asyncio.gather(*(client.close() for client in clients))

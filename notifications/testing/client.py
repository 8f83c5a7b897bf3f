"""An ASGI server made of queues: the consumer runs for real, only the network is missing."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

from ..access.tickets import make_ticket
from ..consumers import NotificationConsumer

LIMIT_SECONDS = 10
"""The longest that a client waits for anything."""

LOOK_SECONDS = 0.01
"""How often it looks at a condition that may not be about its own frames."""

Frame = dict[str, Any]


class SocketClient:
    """One client of the real consumer, in this process and on this event loop.

    `frames` is what it has received, decoded, in order; `messages` the ASGI messages as they are.
    While `reading` is not set it takes nothing, like a client that has stalled.
    """

    def __init__(
        self,
        user: Any = None,
        *,
        query: str = "",
        headers: Iterable[tuple[bytes, bytes]] = (),
        subprotocols: Iterable[str] = (),
        scope: Mapping[str, Any] | None = None,
    ) -> None:
        """With a user it shows a ticket of that user; else what `headers` say, such as a cookie."""
        ticket = f"ticket={make_ticket(user)}&" if user is not None else ""
        self.scope: dict[str, Any] = {
            "type": "websocket",
            "path": "/ws/notifications/",
            "query_string": f"{ticket}{query}".encode(),
            "headers": [(b"host", b"testserver"), *headers],
            "subprotocols": list(subprotocols),
            **(scope or {}),
        }
        self.messages: list[dict[str, Any]] = []
        self.frames: list[Frame] = []
        self.reading = asyncio.Event()
        self.reading.set()
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._news = asyncio.Event()
        self._task: asyncio.Future[Any] | None = None

    @property
    def notifications(self) -> list[Frame]:
        """All notifications received, duplicates included."""
        items: list[Frame] = []
        for frame in self.frames:
            items += frame["items"] if frame["type"] == "batch" else [frame]
        return [item for item in items if item["type"] == "notification"]

    @property
    def arrived(self) -> list[int]:
        """Ids of all notifications received, duplicates included."""
        return [item["id"] for item in self.notifications]

    @property
    def close_code(self) -> int | None:
        """The code of the server's close; 403 for one before accept, as servers make it."""
        closes = [m for m in self.messages if m["type"] == "websocket.close"]
        return closes[0].get("code", 403) if closes else None

    async def connect(self) -> Self:
        """Returns when the server has greeted or refused."""
        self._inbox.put_nowait({"type": "websocket.connect"})
        application = NotificationConsumer.as_asgi()(self.scope, self._inbox.get, self._send)
        self._task = task = asyncio.ensure_future(application)
        task.add_done_callback(lambda _: self._news.set())
        await self._until_told(lambda: self.frames or self.close_code or task.done(), "an answer")
        return self

    async def disconnect(self) -> None:
        """Leave, and wait until the server is done with it."""
        assert self._task is not None, "connect() first"  # noqa: S101 - for tests
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": 1001})
        async with asyncio.timeout(LIMIT_SECONDS):
            await self._task

    async def cancel(self) -> None:
        """What Daphne does at shutdown."""
        assert self._task is not None, "connect() first"  # noqa: S101 - for tests
        self._task.cancel()
        await asyncio.wait([self._task])

    def send(self, frame: Frame | str) -> None:
        """Send a frame, or any text."""
        text = frame if isinstance(frame, str) else json.dumps(frame)
        self._inbox.put_nowait({"type": "websocket.receive", "text": text})

    def send_bytes(self, data: bytes) -> None:
        """Send a binary message."""
        self._inbox.put_nowait({"type": "websocket.receive", "bytes": data})

    def ack(self, ids: Collection[int] = ()) -> None:
        """Acknowledge these, or all that has arrived."""
        self.send({"type": "ack", "ids": list(ids or self.arrived)})

    def of(self, kind: str) -> list[Frame]:
        """The frames of one type."""
        return [frame for frame in self.frames if frame["type"] == kind]

    async def until(self, predicate: Callable[[], object], what: str) -> None:
        """Wait for it; `AssertionError` after `LIMIT_SECONDS` names `what`, and what came."""
        await self._until(predicate, what, LOOK_SECONDS)

    async def until_arrived(self, ids: Iterable[int]) -> None:
        """Wait for the notifications with these ids."""
        wanted = set(ids)
        await self._until_told(lambda: wanted <= set(self.arrived), f"notifications {wanted}")

    async def until_closed(self, code: int) -> None:
        """Wait for the server's close, and fail if it has another code."""
        await self._until_told(lambda: self.close_code is not None, "a close")
        if self.close_code != code:
            raise AssertionError(f"closed with {self.close_code}, not {code}: {self.frames}")

    async def until_frame(self, kind: str) -> Frame:
        """Wait for a frame of this type; the latest of them."""
        await self._until_told(lambda: self.of(kind), f"a frame {kind}")
        return self.of(kind)[-1]

    async def settle(self) -> None:
        """Everything sent before has been processed: a ping overtakes nothing."""
        before = len(self.of("pong"))
        self.send({"type": "ping"})
        await self._until_told(lambda: len(self.of("pong")) > before, "a pong")

    async def _until_told(self, predicate: Callable[[], object], what: str) -> None:
        """`until`, for what only a message of the server can make true. A few hundred clients that
        look besides take all the time of the event loop that they share with the consumers."""
        await self._until(predicate, what, None)

    async def _until(
        self, predicate: Callable[[], object], what: str, look_seconds: float | None
    ) -> None:
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                while not predicate():
                    self._news.clear()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(look_seconds):
                            await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"waited for {what}; got {self.frames} {self.messages}") from None

    async def _send(self, message: dict[str, Any]) -> None:
        await self.reading.wait()
        self.messages.append(message)
        if message["type"] == "websocket.send":
            self.frames.append(json.loads(message["text"]))
        self._news.set()


@asynccontextmanager
async def connected(user: Any, **options: Any) -> AsyncIterator[SocketClient]:
    """A client of this user, which leaves at the end; `options` are those of `SocketClient`."""
    client = await SocketClient(user, **options).connect()
    try:
        yield client
    finally:
        client.reading.set()
        await client.disconnect()

"""An ASGI server made of queues: the consumer runs for real, only the network is missing."""

import asyncio
import json

from notifications.consumers import NotificationConsumer
from notifications.tickets import make_ticket

LIMIT_SECONDS = 10


class MemoryClient:
    """One client of a consumer in this process.

    `stalled` is a client that does not read: the server's `send` suspends, as uvicorn's does.
    """

    def __init__(self, user=None, *, query="", headers=(), subprotocols=(), scope=None):
        ticket = f"ticket={make_ticket(user)}&" if user is not None else ""
        self.scope = {
            "type": "websocket",
            "path": "/ws/notifications/",
            "query_string": f"{ticket}{query}".encode(),
            "headers": [(b"host", b"testserver"), *headers],
            "subprotocols": list(subprotocols),
            **(scope or {}),
        }
        self.messages = []
        self.frames = []
        self.reading = asyncio.Event()
        self.reading.set()
        self._inbox = asyncio.Queue()
        self._news = asyncio.Event()
        self._task = None

    @property
    def arrived(self):
        """Ids of all notifications received, duplicates included."""
        items = []
        for frame in self.frames:
            items += frame["items"] if frame["type"] == "batch" else [frame]
        return [item["id"] for item in items if item["type"] == "notification"]

    @property
    def close_code(self):
        """The code of the server's close; 403 for one before accept, as servers make it."""
        closes = [m for m in self.messages if m["type"] == "websocket.close"]
        return closes[0].get("code", 403) if closes else None

    async def connect(self):
        self._inbox.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.ensure_future(
            NotificationConsumer.as_asgi()(self.scope, self._inbox.get, self._send)
        )
        await self.until(lambda: self.frames or self.close_code or self._task.done(), "an answer")
        return self

    async def disconnect(self):
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": 1001})
        async with asyncio.timeout(LIMIT_SECONDS):
            await self._task

    async def cancel(self):
        """What Daphne does at shutdown."""
        self._task.cancel()
        await asyncio.wait([self._task])

    def send(self, frame):
        text = frame if isinstance(frame, str) else json.dumps(frame)
        self._inbox.put_nowait({"type": "websocket.receive", "text": text})

    def send_bytes(self, data):
        self._inbox.put_nowait({"type": "websocket.receive", "bytes": data})

    def ack(self, ids=None):
        self.send({"type": "ack", "ids": ids or self.arrived})

    def of(self, kind):
        return [frame for frame in self.frames if frame["type"] == kind]

    async def until(self, predicate, what):
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                while not predicate():
                    self._news.clear()
                    waiter = asyncio.ensure_future(self._news.wait())
                    # The timer is for conditions that are not about this client's frames.
                    await asyncio.wait([waiter], timeout=0.01)
                    waiter.cancel()
        except TimeoutError:
            raise AssertionError(f"waited for {what}; got {self.frames} {self.messages}") from None

    async def until_arrived(self, ids):
        await self.until(lambda: set(ids) <= set(self.arrived), f"notifications {ids}")

    async def until_closed(self, code):
        await self.until(lambda: self.close_code is not None, "a close")
        assert self.close_code == code, (self.close_code, self.frames)

    async def until_frame(self, kind):
        await self.until(lambda: self.of(kind), f"a frame {kind}")
        return self.of(kind)[-1]

    async def settle(self):
        """Everything sent before has been processed: a ping overtakes nothing."""
        before = len(self.of("pong"))
        self.send({"type": "ping"})
        await self.until(lambda: len(self.of("pong")) > before, "a pong")

    async def _send(self, message):
        await self.reading.wait()
        self.messages.append(message)
        if message["type"] == "websocket.send":
            self.frames.append(json.loads(message["text"]))
        self._news.set()

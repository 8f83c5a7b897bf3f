"""One connected socket: its credit, what is in flight, what is held back."""

import asyncio
import types
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable, Iterator
from typing import Any

from .. import protocol
from ..protocol import CloseCode

Send = Callable[[dict[str, Any]], Awaitable[None]]

MAX_HELD = 1000
"""Ids held back for one socket; beyond, the client is told to load its list again."""

MAX_BATCH_CHARACTERS = 15_000
"""At most four bytes each: a frame stays below the limit of 65,536 bytes that Daphne's option
`--websocket-max-message-size` sets for both directions."""

MAX_WAITING_FRAMES = 32
"""Small frames (state, pong) waiting for a socket that does not read; beyond, it is closed."""


class Socket:
    """What the hub writes to. All methods run on the hub's event loop and none of them waits.

    A notification is *in flight* from its sending to its ack and *held* while there is no credit.
    `cursor` is the last id read from the queue during a replay, `None` when nothing is left
    there; `missed` says that more was held back than is remembered. `on_free` is called when a
    busy socket takes frames again; `abandon` ends the connection of a client that does not even
    take a close frame.
    """

    __slots__ = (
        "__weakref__",
        "_abandon",
        "_finishing",
        "_send",
        "_waiting",
        "acked",
        "auto_ack",
        "closed",
        "cursor",
        "held",
        "in_flight",
        "last_heard",
        "missed",
        "on_free",
        "pk",
        "session",
        "spent",
        "waiting_since",
        "window",
    )

    def __init__(
        self, send: Send, abandon: Callable[[], object], *, window: int, auto_ack: bool = False
    ) -> None:
        self._send = send
        self._abandon = abandon
        self._finishing: asyncio.Task[None] | None = None
        self._waiting: deque[str] = deque()
        self.window = window
        self.auto_ack = auto_ack
        self.on_free: Callable[[Socket], object] = _ignore
        self.pk: Any = None
        self.session = ""
        self.closed = False
        self.cursor: int | None = 0
        self.in_flight: dict[int, None] = {}
        self.acked: dict[int, None] = {}
        self.held: dict[int, None] = {}
        self.missed = False
        self.spent = 0
        self.last_heard = self.waiting_since = asyncio.get_running_loop().time()

    @property
    def busy(self) -> bool:
        """The server has not taken the last frame yet: the client does not read."""
        return self._finishing is not None

    @property
    def credit(self) -> int:
        """Notifications that may be sent now."""
        if self._finishing is not None or self.closed:
            return 0
        return self.window - (self.spent if self.auto_ack else len(self.in_flight))

    def knows(self, notification_id: int) -> bool:
        """It is on its way, or its ack came a moment ago."""
        return notification_id in self.in_flight or notification_id in self.acked

    def offer(self, notification_id: int, text: str) -> bool:
        """Push a frame now, or hold its id back; whether it was pushed."""
        if self.cursor is not None or self.held or self.credit <= 0:
            self.hold(notification_id)
            return False
        if notification_id in self.in_flight or notification_id in self.acked:
            return False
        self._sent(notification_id)
        self.write(text)
        return True

    def hold(self, notification_id: int) -> None:
        """Remember what has to follow when there is credit again."""
        if self.knows(notification_id):
            return
        if len(self.held) < MAX_HELD:
            self.held[notification_id] = None
        else:
            self.held.clear()
            self.missed = True
            self.cursor = 0

    def push(self, frames: list[tuple[int, str]]) -> list[int]:
        """Send what was read from the database, in as few frames as its size allows.

        Returns the ids sent; fewer than given where credit ends, or the client stops reading.
        """
        sent: list[int] = []
        for part in _split(frames[: max(0, self.credit)]):
            if self.busy or self.closed:
                break
            for number, _ in part:
                self._sent(number)
                sent.append(number)
            texts = [text for _, text in part]
            self.write(texts[0] if len(texts) == 1 else protocol.batch(texts))
        return sent

    def acknowledge(self, ids: Iterable[int]) -> list[int]:
        """Take ids out of flight; those that were in flight here, as no others count."""
        taken = []
        for number in ids:
            if self.in_flight.pop(number, 0) is None:
                self._remember(number)
                taken.append(number)
        if taken:
            self.waiting_since = asyncio.get_running_loop().time()
        return taken

    def write(self, text: str) -> None:
        """Hand one frame to the server, or queue it behind one that the server has not taken."""
        if self.closed:
            return
        if self._finishing is None:
            self._step(self._send({"type": "websocket.send", "text": text}))
        elif len(self._waiting) < MAX_WAITING_FRAMES:
            self._waiting.append(text)
        else:
            self.close(CloseCode.UNRESPONSIVE)

    def close(self, code: int) -> None:
        """Say goodbye; a socket that is stuck is not waited for."""
        if self.closed:
            return
        self.closed = True
        self._waiting.clear()
        if self._finishing is None:
            self._step(self._send({"type": "websocket.close", "code": code}))
        else:
            # The server is stuck in the middle of a frame; a close would wait behind it for ever.
            self._finishing.cancel()
            self._abandon()

    def end(self) -> None:
        """The connection is over; what the server has not taken is sent again to the next one."""
        self.closed = True
        self._waiting.clear()
        if self._finishing is not None:
            self._finishing.cancel()

    def _sent(self, notification_id: int) -> None:
        # What came live during a replay is held, and the replay may reach it first.
        if self.held:
            self.held.pop(notification_id, None)
        if self.auto_ack:
            self.spent += 1
            self._remember(notification_id)
            return
        if not self.in_flight:
            self.waiting_since = asyncio.get_running_loop().time()
        self.in_flight[notification_id] = None

    def _remember(self, notification_id: int) -> None:
        """A late hint may still come for what was acked just now."""
        self.acked[notification_id] = None
        if len(self.acked) > self.window:
            del self.acked[next(iter(self.acked))]

    def _step(self, sending: Awaitable[None]) -> None:
        """Run `send` up to its first suspension, which for a client that reads is its end.

        Daphne never suspends. uvicorn does while the transport's buffer is full; then the rest
        runs as a task and the socket is busy. No exception of a socket gets out of it.
        """
        coroutine = sending if type(sending) is types.CoroutineType else _as_coroutine(sending)
        try:
            awaited = coroutine.send(None)
        except StopIteration:
            return
        except Exception:
            self._broke()
            return
        loop = asyncio.get_running_loop()
        self._finishing = loop.create_task(_resume(coroutine, awaited))
        self._finishing.add_done_callback(self._finished)

    def _broke(self) -> None:
        """A frame was refused by the server: mostly the client is gone, and it will hear so.

        Else the connection is of no use any more, and the client has to come back.
        """
        if not self.closed:
            self.closed = True
            self._step(self._send({"type": "websocket.close", "code": CloseCode.RESTART}))

    def _finished(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled() or task is not self._finishing:
            return
        self._finishing = None
        if task.exception() is not None:
            self._broke()
        while self._waiting and self._finishing is None and not self.closed:
            self._step(self._send({"type": "websocket.send", "text": self._waiting.popleft()}))
        if self._finishing is None:
            self.on_free(self)


def _split(frames: list[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """Runs of frames whose texts fit into one."""
    size = start = 0
    for position, (_, text) in enumerate(frames):
        if position > start and size + len(text) > MAX_BATCH_CHARACTERS:
            yield frames[start:position]
            size, start = 0, position
        size += len(text)
    if frames[start:]:
        yield frames[start:]


def _ignore(socket: Socket) -> None:
    pass


async def _as_coroutine(sending: Awaitable[None]) -> None:
    await sending


async def _resume(coroutine: Coroutine[Any, None, None], awaited: Any) -> None:
    await _continue(coroutine, awaited)


@types.coroutine
def _continue(coroutine: Coroutine[Any, Any, None], awaited: Any) -> Generator[Any, Any, None]:
    """Go on with a coroutine that has already yielded `awaited` to whoever stepped it."""
    while True:
        try:
            value = yield awaited
        except GeneratorExit:
            coroutine.close()
            raise
        except BaseException as error:  # also a cancellation belongs to the coroutine
            step = coroutine.throw
            argument: Any = error
        else:
            step = coroutine.send  # type: ignore[assignment]
            argument = value
        try:
            awaited = step(argument)
        except StopIteration:
            return

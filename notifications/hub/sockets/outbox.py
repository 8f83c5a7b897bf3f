"""What is written to one connection, without ever waiting for it."""

import asyncio
import types
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any

from notifications.background.counters import counters
from notifications.wire.extensions import FrameWriter, SharedText
from notifications.wire.protocol import CloseCode

Send = Callable[[dict[str, Any]], Awaitable[None]]

MAX_WAITING_FRAMES = 32
"""Small frames (state, pong) waiting for a client that does not read; beyond, it is closed."""


class Outbox:
    """The server's `send` of one connection. All methods run on the hub's event loop.

    `writer` is what a server that takes prepared frames offers besides.
    `on_free` is called when a busy connection takes frames again; `abandon` ends one whose client
    does not even take a close frame.
    """

    __slots__ = (
        "__weakref__",
        "_abandon",
        "_finishing",
        "_loop",
        "_send",
        "_waiting",
        "_writer",
        "closed",
        "on_free",
    )

    def __init__(
        self, send: Send, abandon: Callable[[], object], writer: FrameWriter | None = None
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._send = send
        self._abandon = abandon
        self._finishing: asyncio.Task[None] | None = None
        self._waiting: deque[str] | tuple[()] = ()  # an empty deque has 760 bytes
        self._writer = writer
        self.closed = False
        self.on_free: Callable[[Any], object] = _ignore

    @property
    def busy(self) -> bool:
        """The server has not taken the last frame yet: the client does not read."""
        return self._finishing is not None

    def write(self, text: str) -> None:
        """Hand one frame to the server, or queue it behind one that the server has not taken."""
        if self.closed:
            return
        if self._finishing is None:
            self._hand_over(SharedText(text))
        elif len(self._waiting) < MAX_WAITING_FRAMES:
            self._waiting = self._waiting or deque()
            self._waiting.append(text)
        else:
            self.close(CloseCode.UNRESPONSIVE)

    def write_or(self, text: str, instead: str) -> None:
        """Write it, or `instead`, once for all, where much waits for the client already."""
        if len(self._waiting) < MAX_WAITING_FRAMES // 2:
            self.write(text)
        elif instead not in self._waiting:
            self.write(instead)

    def close(self, code: int) -> None:
        """Send a close frame; a socket that is stuck is not waited for."""
        if self.closed:
            return
        self.closed = True
        self._waiting = ()
        counters.closes[code] += 1
        if self._finishing is None:
            self._step(self._send({"type": "websocket.close", "code": code}))
        else:
            # The server is stuck in the middle of a frame; a close would wait behind it for ever.
            self._finishing.cancel()
            self._abandon()

    def end(self) -> None:
        """The connection is over; what the server has not taken is sent again to the next one."""
        self.closed = True
        self._waiting = ()
        if self._finishing is not None:
            self._finishing.cancel()

    def _hand_over(self, shared: SharedText) -> None:
        """Give a frame to the server, which has taken the last one."""
        if self._writer is not None:
            try:
                if shared.write_to(self._writer):
                    return
            except Exception:
                self._fail()
                return
        self._step(self._send({"type": "websocket.send", "text": shared.text}))

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
            self._fail()
            return
        self._finishing = self._loop.create_task(_resume(coroutine, awaited))
        self._finishing.add_done_callback(self._finished)

    def _fail(self) -> None:
        """A frame was refused by the server: mostly the client is gone, and it will hear so.

        Else the connection is of no use any more, and the client has to come back.
        """
        if not self.closed:
            self.closed = True
            counters.closes[CloseCode.RESTART] += 1
            self._step(self._send({"type": "websocket.close", "code": CloseCode.RESTART}))

    def _finished(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled() or task is not self._finishing:
            return
        self._finishing = None
        if task.exception() is not None:
            self._fail()
        while self._waiting and self._finishing is None and not self.closed:
            self._hand_over(SharedText(self._waiting.popleft()))
        if self._finishing is None:
            self.on_free(self)


def _ignore(outbox: Outbox) -> None:
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
            step = coroutine.send  # type: ignore[assignment]  # called alike, typed apart
            argument = value
        try:
            awaited = step(argument)
        except StopIteration:
            return

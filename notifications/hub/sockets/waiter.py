"""A request that waits for news of its user, in the place of a socket."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from notifications.wire.extensions import SharedText

from .socket import Socket


class Waiter(Socket):
    """Takes no frame; whatever would be sent to a socket ends its wait.

    `closed_with` is the code that it was closed with, if it was.
    """

    __slots__ = ("_news", "closed_with")

    def __init__(self) -> None:
        super().__init__(self._take, self._wake, window=1)
        self._news = asyncio.Event()
        self.closed_with: int | None = None

    def begin(self) -> None:
        """What is heard from here on ends the next wait."""
        self._news.clear()

    async def wait(self, seconds: float) -> None:
        """Until there are news, it is closed, or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    @property
    def credit(self) -> int:
        return 0

    def greet(self, text: str, upto: int) -> None:
        self.greeted = True
        self.upto = self.since = upto

    def write(self, text: str) -> None:
        self._wake()

    def send_count(self, *texts: str, upto: int) -> None:
        self._wake()

    def offer(self, notification_id: int, shared: SharedText) -> bool:
        self._wake()
        return False

    def offer_all(self, frames: Sequence[tuple[int, str]]) -> list[int]:
        self._wake()
        return []

    def hold(self, notification_id: int) -> None:
        self._wake()

    def push(self, frames: Iterable[tuple[int, str]]) -> list[int]:
        return []

    def close(self, code: int) -> None:
        self.closed_with = code
        super().close(code)

    async def _take(self, message: dict[str, Any]) -> None:
        """The close: nothing else is written."""
        self._wake()

    def _wake(self) -> None:
        self._news.set()

"""A client that comes back whenever its connection ends, as the one in a browser does."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress

from picows import WSError

from .client import ConnectFailed, NotificationClient

RETRY_SECONDS = (0.1, 0.4)
"""A site asks for seconds; here much has to happen in little time."""


class ReturningClient(NotificationClient):
    """`connects` counts how often it was greeted by the server."""

    def __init__(
        self, websocket_url: str, make_ticket: Callable[[], str], *, ack_delay_seconds: float = 1.0
    ) -> None:
        super().__init__(websocket_url, ack_delay_seconds=ack_delay_seconds)
        self.connects = 0
        self._make_ticket = make_ticket

    async def stay(self) -> None:
        """Connect, and again whenever the connection has ended; until cancelled."""
        while True:
            # Whatever ended it, it comes again.
            with suppress(ConnectFailed, WSError, OSError, TimeoutError):
                self.ticket = self._make_ticket()
                await self.connect()
                self.connects += 1
                await self.wait_disconnected()
            await asyncio.sleep(random.uniform(*RETRY_SECONDS))

    async def wait_disconnected(self) -> None:
        """Wait until the connection has ended."""
        assert self._transport is not None
        await self._transport.wait_disconnected()

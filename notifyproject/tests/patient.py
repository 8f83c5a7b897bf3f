"""Clients that come back as the protocol says, and what they saw meanwhile."""

import asyncio
import random
import time
from collections import Counter
from contextlib import contextmanager

from picows import WSError

from notifications.conf import get_settings
from perftests.load.clients.client import ConnectFailed
from perftests.load.clients.returning import ReturningClient
from perftests.load.clients.swarm import Swarm

LIMIT_SECONDS = 40
MOST_DOUBLINGS = 4


class PatientClient(ReturningClient):
    """`failures` says why it could not connect, `away` for how long it was gone each time."""

    def __init__(self, websocket_url, make_ticket, retry_seconds):
        super().__init__(websocket_url, make_ticket)
        self.failures, self.away = Counter(), []
        self._retry_seconds = retry_seconds

    async def stay(self):
        failed, left = 0, None
        while True:
            try:
                self.ticket = self._make_ticket()
                await self.connect()
            except (ConnectFailed, WSError, OSError, TimeoutError) as error:
                self.failures[str(error)] += 1
                failed += 1
            else:
                self.connects += 1
                self.away += [time.monotonic() - left] if left else []
                await self.wait_disconnected()
                failed, left = 0, time.monotonic()
            delay = random.uniform(*self._retry_seconds)
            await asyncio.sleep(delay * 2 ** min(failed, MOST_DOUBLINGS))


class Crowd:
    """Patient clients at a URL, one for each function that makes a ticket."""

    def __init__(self, swarm, clients):
        self.swarm, self.clients = swarm, clients

    def await_all(self, condition=lambda client: client.connected):
        everybody = self.clients
        self.swarm.wait_until(lambda: all(map(condition, everybody)), LIMIT_SECONDS, "all clients")

    @property
    def http_errors(self):
        """The answers that were no WebSocket, by their text."""
        failures = sum((client.failures for client in self.clients), Counter())
        return {text for text in failures if "received" in text}


@contextmanager
def crowd(websocket_url, ticket_makers, retry_seconds=None):
    """They connect, and stay until the block ends."""
    retry = retry_seconds or get_settings().RETRY_SECONDS
    with Swarm(websocket_url) as swarm:
        clients = [PatientClient(websocket_url, make, retry) for make in ticket_makers]
        swarm.clients = clients
        tasks = swarm.call(lambda: [asyncio.ensure_future(client.stay()) for client in clients])
        try:
            yield Crowd(swarm, clients)
        finally:
            swarm.call(lambda: [task.cancel() for task in tasks])

"""Clients that come and go between the servers of a site, whatever breaks."""

import asyncio
import functools
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from django.contrib.auth.base_user import AbstractBaseUser
from picows import WSError, WSTransport

from notifications.tickets import make_ticket
from perftests.load.clients.client import ConnectFailed
from perftests.load.clients.returning import RETRY_SECONDS, ReturningClient

STAY_SECONDS = 10.0
"""On average; 200 clients come 20 times a second then."""


@dataclass(frozen=True, slots=True)
class Wait:
    """From the wish to be connected to the hello, in seconds of `time.monotonic`."""

    begun: float
    greeted: float


class Wanderer(ReturningClient):
    """Comes to any of the servers, stays a while, goes or is lost, and comes again.

    `waits` are its waits for a hello, retries included; `waiting_since` is when the one of now
    began. `repeated` counts what came a second time over one connection, where it cannot have been
    lost; `codes` how its connections ended.
    """

    def __init__(self, urls: Sequence[str], make_ticket: Callable[[], str]) -> None:
        super().__init__(urls[0], make_ticket)
        self.waits: list[Wait] = []
        self.waiting_since: float | None = None
        self.repeated = 0
        self.codes: Counter[int | None] = Counter()
        self.settled = self.leaving = False
        self.urls = urls
        self._here: set[int] = set()

    @property
    def seen(self) -> set[int]:
        """The ids of all that has arrived."""
        return self._seen

    def waits_since(self, moment: float) -> bool:
        """Whether it waits for a hello, and did so at this moment already."""
        return self.waiting_since is not None and self.waiting_since < moment

    async def stay(self) -> None:
        """Come and go until `leaving`; once `settled`, come and stay.

        Not to be cancelled: a connection that has begun would open later, and stay with nobody.
        """
        while not self.leaving:
            await self._arrive()
            left_at = None if self.settled else random.expovariate(1 / STAY_SECONDS)
            with suppress(TimeoutError):  # it leaves by itself then
                async with asyncio.timeout(0 if self.leaving else left_at):
                    await self.wait_disconnected()
            if self.leaving or random.random() < 0.5:
                await self.close()
            self.drop()

    def note_arrivals(self, ids: list[int], arrived_ns: int) -> None:
        self.repeated += len(self._here.intersection(ids))
        self._here.update(ids)
        super().note_arrivals(ids, arrived_ns)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        super().on_ws_disconnected(transport)
        self.codes[self.close_code] += 1

    async def _arrive(self) -> None:
        self.waiting_since = begun = time.monotonic()
        # No event tells of a server that is up again.
        while not (await self._try() or self.leaving):  # noqa: ASYNC110
            await asyncio.sleep(random.uniform(*RETRY_SECONDS))
        self.waiting_since = None
        self.waits.append(Wait(begun, time.monotonic()))

    async def _try(self) -> bool:
        self._here.clear()
        self._websocket_url = random.choice(self.urls)
        self.ticket = self._make_ticket()
        try:
            await self.connect()
        except (ConnectFailed, WSError, OSError, TimeoutError):
            return False
        self.connects += 1
        return True


def wanderers(urls: Sequence[str], users: Iterable[AbstractBaseUser]) -> list[Wanderer]:
    """One for each user, not connected yet."""
    return [Wanderer(urls, functools.partial(make_ticket, user)) for user in users]


def longest_wait(clients: Iterable[Wanderer], begin: float, end: float) -> float:
    """The longest, in seconds, that anybody waited for a hello after `begin`, until `end`.

    Who waited already counts from `begin` on, and who still waits until `end`.
    """
    longest = 0.0
    for client in clients:
        waits = list(client.waits)
        if client.waiting_since is not None:
            waits.append(Wait(client.waiting_since, end))
        for wait in waits:
            if wait.greeted > begin and wait.begun < end:
                longest = max(longest, min(wait.greeted, end) - max(wait.begun, begin))
    return longest

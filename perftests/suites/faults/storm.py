"""Clients and a sender that go on while a site breaks, and what became of all."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from picows import WSError

from notifications.models import Delivery, Notification
from perftests.load.clients.accounting import Accounting, account
from perftests.load.clients.client import ConnectFailed, NotificationClient
from perftests.load.clients.returning import RETRY_SECONDS
from perftests.load.clients.swarm import Swarm

from ..kit.queue import count_queued
from .outages import Outage
from .sender import Sender
from .site import Site, disconnect
from .wanderers import longest_wait, wanderers

FLOOD = 40
"""Sockets of the one who floods; twice as many as a user may have."""


class FaultStorm:
    """A wanderer for each of `users`, and a `sender` that notifies them.

    `refused_when_well` counts the calls of `notify` that raised though they began when half of a
    calm was over.
    """

    def __init__(
        self,
        site: Site,
        swarm: Swarm,
        users: Sequence[AbstractBaseUser],
        *,
        per_second: float,
        timeout_seconds: float,
    ) -> None:
        self.pks = [user.pk for user in users]
        self.clients = wanderers(site.urls, users)
        self.sender = Sender(self.pks, per_second)
        self.refused_when_well = 0
        self._site = site
        self._swarm = swarm
        self._timeout_seconds = timeout_seconds

    @contextmanager
    def coming_and_going(self) -> Iterator[None]:
        """Clients come and go while the block runs; at its end all have left."""
        swarm, clients = self._swarm, self.clients
        swarm.clients = list(clients)
        for client in clients:
            client.leaving = False
        tasks = swarm.call(lambda: [asyncio.ensure_future(client.stay()) for client in clients])
        try:
            self._await(lambda: all(client.connects for client in clients), "all clients")
            yield
        finally:
            for client in clients:
                client.leaving = True
            swarm.leave(clients)
            swarm.run(_all(tasks))

    def visit_each_server(self) -> None:
        """Let everybody be there once, so that each server holds what it will ever hold."""
        for client in self.clients:
            client.settled = True
        for url in self._site.urls:
            for client in self.clients:
                client.urls, client.connects = [url], 0
            with self.coming_and_going():
                pass
        for client in self.clients:
            client.urls, client.settled = self._site.urls, False

    @contextmanager
    def flood(self, ticket: str) -> Iterator[None]:
        """One user opens more sockets than anybody may, and each asks for work without a pause."""
        clients = [NotificationClient(random.choice(self._site.urls), ticket) for _ in range(FLOOD)]
        self._swarm.clients += clients
        end = asyncio.Event()
        flood = self._swarm.call(lambda: [asyncio.ensure_future(_flood(c, end)) for c in clients])
        try:
            yield
        finally:
            self._swarm.call(end.set)
            self._swarm.run(_all(flood))

    def endure(self, outage: Outage, seconds: float, calm_seconds: float) -> float:
        """Break something for so long; the longest wait for a hello, in s, after it is well.

        Who waits for longer than the limit of time counts with that.
        """
        with outage():
            time.sleep(seconds)
        begin = time.monotonic()
        time.sleep(calm_seconds)
        well = begin + calm_seconds / 2
        self.refused_when_well += sum(r.begun > well for r in self.sender.refusals)
        waiting = [c for c in self.clients if c.waits_since(begin)]
        self._await(lambda: not any(client.waits_since(begin) for client in waiting), "a hello")
        return self._swarm.call(longest_wait, self.clients, begin, time.monotonic())

    def settle(self) -> Accounting:
        """Everybody comes to stay; what has arrived then, against the rows."""
        for client in self.clients:
            client.settled = True
        # The database has been killed since; a pool that failed to reconnect waits ever longer.
        disconnect()
        rows: dict[Any, set[int]] = defaultdict(set)
        for pk, number in Delivery.objects.values_list("recipient_id", "notification_id"):
            rows[pk].add(number)
        expected = [(rows[pk], c) for pk, c in zip(self.pks, self.clients, strict=True)]
        self._await(lambda: all(ids <= c.seen for ids, c in expected), "all notifications")
        return account(expected)

    def lost_rows(self) -> int:
        """How many notifications were sent, said `notify`, and are not there."""
        return len(set(self.sender.sent) - set(Notification.objects.values_list("pk", flat=True)))

    def still_queued(self) -> int:
        """How many deliveries wait although they have arrived, once acks had time to be stored."""
        return count_queued(self._timeout_seconds)

    def _await(self, condition: Callable[[], bool], what: str) -> None:
        """Wait on the clients' loop; when time is up, the figures tell what is missing."""
        try:
            self._swarm.wait_until(condition, self._timeout_seconds, what)
        except TimeoutError:
            return


async def _flood(client: NotificationClient, end: asyncio.Event) -> None:
    while not end.is_set():
        with suppress(ConnectFailed, WSError, OSError, TimeoutError):
            await client.connect()
            while client.connected and not end.is_set():
                client.send({"type": "read_all", "upto": 2**53})
                await asyncio.sleep(0)
        await client.close()
        await asyncio.sleep(random.uniform(*RETRY_SECONDS))


async def _all(tasks: Sequence[asyncio.Future[None]]) -> None:
    await asyncio.gather(*tasks)

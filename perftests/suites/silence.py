"""Clients that misbehave by silence: they take nothing, acknowledge nothing, or are gone."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from notifications.protocol import CloseCode
from notifications.tickets import make_ticket
from perftests.load.client import NotificationClient

from .links import open_link
from .support import Expected, LoadTestCase, latencies_ns

# A site waits for minutes.
SETTINGS = {"ACK_TIMEOUT_SECONDS": 2.5, "HEARTBEAT_TIMEOUT_SECONDS": 3, "SWEEP_SECONDS": 0.2}

ENVIRONMENT = {"PERF_NOTIFICATIONS": json.dumps(SETTINGS)}
"""For a server that closes silent clients soon."""

BEHAVED: dict[str, Any] = {"ack_delay_seconds": 0.2, "heartbeat_seconds": 0.5}
"""Heard of several times a second, even on a machine that is busy with something else."""

PER_SECOND = 100
PER_MOMENT = 20
BODY = "x" * 4000


class SilentClients:
    """A third each that never reads, that never acknowledges, and that is cut off unnoticed.

    Send to `reached`, the primary keys of the first two thirds: those who are cut off get
    nothing, so that only their silence can tell.
    """

    def __init__(self, test: LoadTestCase, users: Sequence[AbstractBaseUser]) -> None:
        self._test = test
        self._swarm = test.swarm
        third = len(users) // 3
        self._users = users[:third], users[third : 2 * third], users[2 * third :]
        self.reached = [user.pk for user in users[: 2 * third]]
        self._link = open_link(test)
        self.acknowledging_nothing: list[NotificationClient] = []
        self._cut_off: list[NotificationClient] = []

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Connect new sockets for all of them; at the end of the block they are cut."""
        unread, unacknowledged, cut_off = (list(map(make_ticket, users)) for users in self._users)
        reading_nothing = self._swarm.connect(unread, read=False)
        self.acknowledging_nothing = self._swarm.connect(unacknowledged, ack=False)
        url = self._link.websocket_url
        self._cut_off = self._swarm.connect_clients([NotificationClient(url, t) for t in cut_off])
        clients = [*reading_nothing, *self.acknowledging_nothing, *self._cut_off]
        count = sum(map(len, self._users))
        self._test.assertEqual(len(clients), count, f"not connected: {self._swarm.failures}")
        self._swarm.call(self._link.freeze)
        try:
            yield
        finally:
            self._swarm.call(self._link.thaw)
            for client in clients:
                self._swarm.call(client.drop)

    def await_closing(self, others: int, meanwhile: Callable[[], object]) -> int:
        """Wait until the server has closed them all, or time is up; how many it still has.

        `meanwhile` is done again and again, so that the `others` do not fall silent, too.
        """
        deadline = time.monotonic() + self._test.timeout_seconds
        while (left := self._test.control.connected() - others) > 0:
            if time.monotonic() > deadline:
                break
            meanwhile()
        return left

    def percent_told_why(self) -> float:
        """How many of those that a close frame can reach, be it late, got the documented code."""
        self._swarm.call(self._link.thaw)
        listening = [*self.acknowledging_nothing, *self._cut_off]
        self._swarm.wait_until(
            lambda: not any(client.connected for client in listening),
            self._test.timeout_seconds,
            "the end of the connections that the server has closed",
        )
        told = sum(client.close_code == CloseCode.UNRESPONSIVE for client in listening)
        return 100 * told / len(listening)


class Neighbours:
    """Clients of the same server who behave, and get the same notifications as the silent ones."""

    def __init__(
        self, test: LoadTestCase, users: Sequence[AbstractBaseUser], silent: SilentClients
    ) -> None:
        self._test = test
        self._pks = [*(user.pk for user in users), *silent.reached]
        self._ids: list[int] = []
        tickets = [make_ticket(user) for user in users]
        self.clients = test.swarm.connect(tickets, **BEHAVED)
        test.assertEqual(len(self.clients), len(tickets), test.swarm.failures)

    @property
    def expected(self) -> Expected:
        return [(self._ids, client) for client in self.clients]

    def receive(self) -> list[int]:
        """Send for a moment; the latencies in nanoseconds, from when each was due."""
        notify = self._test.control.notify
        sent = notify(self._pks, count=PER_MOMENT, per_second=PER_SECOND, body=BODY)
        self._ids += sent.ids
        self._test.await_arrival(self.expected)
        return latencies_ns(self.clients, dict(zip(sent.ids, sent.due_ns, strict=True)))

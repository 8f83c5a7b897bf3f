"""Clients that misbehave by silence: they take nothing, acknowledge nothing, or are gone."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from notifications.tickets import make_ticket
from notifications.wire.protocol import CloseCode
from perftests.load.clients.client import NotificationClient
from perftests.load.network.link import Link
from perftests.processes.waiting import settle

from ..kit.arrivals import Expected, latencies_ns, offered_doubt
from ..kit.clients import Clients

# A site waits for minutes.
SETTINGS = {"ACK_TIMEOUT_SECONDS": 2.5, "HEARTBEAT_TIMEOUT_SECONDS": 3, "SWEEP_SECONDS": 0.2}

ENVIRONMENT = {"PERF_NOTIFICATIONS": json.dumps(SETTINGS)}
"""For a server that closes silent clients soon."""

BEHAVED: dict[str, Any] = {"ack_delay_seconds": 0.2, "heartbeat_seconds": 0.5}
"""Heard of several times a second, even on a machine that is busy with something else."""

PER_SECOND = 100
PER_MOMENT = 20
MOST_DISTURBED = 0.2
BODY = "x" * 4000


class SilentClients:
    """A third each that never reads, that never acknowledges, and that is cut off unnoticed.

    The last are those behind `link`.

    Send to `reached`, the primary keys of the first two thirds: those who are cut off get
    nothing, so that only their silence can tell.
    """

    def __init__(self, clients: Clients, link: Link, users: Sequence[AbstractBaseUser]) -> None:
        self._clients = clients
        self._swarm = clients.swarm
        self._link = link
        third = len(users) // 3
        self._users = users[:third], users[third : 2 * third], users[2 * third :]
        self.reached = [user.pk for user in users[: 2 * third]]
        self.acknowledging_nothing: list[NotificationClient] = []
        self._cut_off: list[NotificationClient] = []

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Connect new sockets for all of them; at the end of the block they are cut."""
        unread, unacknowledged, cut_off = self._users
        reading_nothing = self._clients.connect(unread, read=False)
        self.acknowledging_nothing = self._clients.connect(unacknowledged, ack=False)
        url = self._link.websocket_url
        self._cut_off = self._clients.connect_all(
            [NotificationClient(url, make_ticket(user)) for user in cut_off]
        )
        clients = [*reading_nothing, *self.acknowledging_nothing, *self._cut_off]
        self._swarm.call(self._link.freeze)
        try:
            yield
        finally:
            self._swarm.call(self._link.thaw)
            self._clients.drop(clients)

    def await_closing(self, others: int, meanwhile: Callable[[], object]) -> int:
        """Wait until the server has closed them all, or time is up; how many it still has.

        `meanwhile` is done again and again, so that the `others` do not fall silent, too.
        """
        control = self._clients.server.control
        return settle(
            lambda: control.connected() - others,
            self._clients.timeout_seconds,
            settled=lambda left: left <= 0,
            pause=lambda seconds: meanwhile(),
        )

    def percent_told_why(self) -> float:
        """How many of those that a close frame can reach, be it late, got the documented code."""
        self._swarm.call(self._link.thaw)
        listening = [*self.acknowledging_nothing, *self._cut_off]
        self._clients.wait_until(
            lambda: not any(client.connected for client in listening),
            "the end of the connections that the server has closed",
        )
        told = sum(client.close_code == CloseCode.UNRESPONSIVE for client in listening)
        return 100 * told / len(listening)


class Neighbours:
    """Clients of the same server who behave, and get the same notifications as the silent ones."""

    def __init__(
        self, clients: Clients, users: Sequence[AbstractBaseUser], silent: SilentClients
    ) -> None:
        self._clients = clients
        self._pks = [*(user.pk for user in users), *silent.reached]
        self._ids: list[int] = []
        self._doubts: list[str] = []
        self.sockets = clients.connect(users, **BEHAVED)

    @property
    def expected(self) -> Expected:
        return [(self._ids, client) for client in self.sockets]

    @property
    def doubt(self) -> str:
        """Why not to trust the moments together; a median bears a few that were disturbed."""
        disturbed = list(filter(None, self._doubts))
        return disturbed[0] if len(disturbed) > MOST_DISTURBED * len(self._doubts) else ""

    def receive(self) -> list[int]:
        """Send for a moment; the latencies in nanoseconds, from when each was due."""
        notify = self._clients.server.control.notify
        sent = notify(self._pks, count=PER_MOMENT, per_second=PER_SECOND, body=BODY)
        self._ids += sent.ids
        self._doubts.append(offered_doubt(sent))
        self._clients.await_arrival(self.expected)
        return latencies_ns(self.sockets, sent.due_ns_of)

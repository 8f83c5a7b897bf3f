"""What arrives at a swarm in a second, and how soon, for whoever follows the run."""

import random
from collections.abc import Iterator, Sequence
from typing import Protocol, TypeGuard

from perftests.measure.meters import Counted, Growth

from .client import Listener, NotificationClient
from .connection import Connection

MOST_TIMED = 50
"""Clients that look at when what they get was made, others in each second."""


class Metered(Protocol):
    """What is read of a swarm."""

    clients: list[Connection]
    connect_ns: list[int]


class SwarmMeter:
    """Reads what the clients of a swarm count anyway; a few of them note how late something came.

    A push is late by the time since the database has given it its date, on this machine's clock.
    """

    def __init__(self, swarm: Metered) -> None:
        self._swarm = swarm
        self._connects = Growth("connections")
        self._arrived = 0
        self._ever = False
        self._timed: Sequence[NotificationClient] = ()
        self._late_ns: list[int] = []

    def counted(self) -> Iterator[Counted]:
        """Messages, and connections."""
        clients = list(self._swarm.clients)
        arrived = sum(client.arrived for client in clients)
        new, self._arrived = max(0, arrived - self._arrived), arrived
        late_ns = self._time_others(clients)
        self._ever = self._ever or new > 0
        if self._ever:
            yield Counted("messages", new, late_ns)
        yield from self._connects.counted(self._swarm.connect_ns)

    def _time_others(self, clients: Sequence[Connection]) -> list[int]:
        """What those have noted that did until now."""
        for client in self._timed:
            client.late_ns = None
        late_ns, self._late_ns = self._late_ns, []
        others = random.sample(clients, min(MOST_TIMED, len(clients)))
        self._timed = [client for client in others if is_dated(client)]
        for client in self._timed:
            client.late_ns = self._late_ns
        return late_ns


def is_dated(client: Connection) -> TypeGuard[NotificationClient]:
    """Whether what it gets has the date of a row: not what a bare server repeats."""
    return isinstance(client, NotificationClient) and not isinstance(client, Listener)

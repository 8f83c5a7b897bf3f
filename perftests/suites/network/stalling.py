"""Links that freeze: a short while, which nobody notices, or until the server has given up."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.contrib.auth.base_user import AbstractBaseUser

from perftests.load.clients.client import NotificationClient
from perftests.load.clients.returning import ReturningClient
from perftests.load.network.link import Link
from perftests.load.schedule.shapes import constant
from perftests.load.server.control import Sent

from ..kit.arrivals import Expected, latencies_ns, offered_doubt
from ..kit.clients import Clients
from ..kit.links import returning_clients
from ..kit.visits import traffic

# A site waits for minutes. These clients are heard of several times a second.
SETTINGS = {"ACK_TIMEOUT_SECONDS": 2, "HEARTBEAT_TIMEOUT_SECONDS": 2.5, "SWEEP_SECONDS": 0.2}

ENVIRONMENT = {"PERF_NOTIFICATIONS": json.dumps(SETTINGS)}
"""For a server that closes silent clients soon."""

ACK_DELAY_SECONDS = 0.2
STALL_SECONDS = 0.3

PER_SECOND = 10
BODY = "x" * 4000


@dataclass(frozen=True, slots=True)
class Freeze:
    """What became of the connections while one link was frozen; times in seconds.

    `stalled_closed` counts those over the other link that ended meanwhile. Of the frozen ones,
    `closed_after` is when the server was seen to have closed them all, `left` how many it still
    had when time was up, `caught_up_after` how long after the thaw the last notification came
    that had been sent before it.
    """

    stalled_closed: int
    closed_after: float
    left: int
    caught_up_after: float


class Stalls:
    """Half of the users are behind a link that stalls now and then, half behind one that freezes.

    `stalled` and `frozen` are their clients, who come back when they are closed.
    """

    def __init__(
        self,
        clients: Clients,
        users: Sequence[AbstractBaseUser],
        stalling: Link,
        freezing: Link,
    ) -> None:
        self._sent = Sent([], [], [])
        self._warm: list[int] = []
        self._clients = clients
        self._pks = [user.pk for user in users]
        self._stalling, self._freezing = stalling, freezing
        half = len(users) // 2
        options = {"ack_delay_seconds": ACK_DELAY_SECONDS}
        self.stalled = returning_clients(self._stalling, users[:half], **options)
        self.frozen = returning_clients(self._freezing, users[half:], **options)

    @property
    def everybody(self) -> list[ReturningClient]:
        return [*self.stalled, *self.frozen]

    @property
    def expected(self) -> Expected:
        return [([*self._warm, *self._sent.ids], client) for client in self.everybody]

    @property
    def doubt(self) -> str:
        """Why not to trust times; empty when the sender kept to its schedule."""
        return offered_doubt(self._sent)

    def warm_up(self) -> None:
        self._warm = self._clients.warm_up(self.everybody, self._pks)

    @property
    def slowest_seconds(self) -> float:
        """The longest that a notification took over the stalling link, from when it was due."""
        due_ns = self._sent.due_ns_of
        return max(latencies_ns(self.stalled, due_ns), default=0) / 1e9

    def freeze(self, seconds: float, begin: Callable[[str], None]) -> Freeze:
        """Freeze one link under traffic, for so long or until the server has closed everything.

        `begin` hears when it is frozen, and when it thaws.
        """
        load = constant(PER_SECOND, seconds=seconds + 1)
        with traffic(self._clients.server, self._pks, load, body=BODY) as sent:
            begin("frozen")
            self._clients.swarm.call(self._freezing.freeze)
            closed_after, left = self._await_closing(seconds)
            begin("thawed")
            self._clients.swarm.call(self._freezing.thaw)
            thawed_ns = time.perf_counter_ns()
        # Without traffic these fall silent, too, and are closed for it.
        stalled_closed = sum(client.connects - 1 for client in self.stalled)
        self._sent = sent[0]
        self._clients.await_arrival(self.expected)
        caught_up_after = caught_up_seconds(self.frozen, self._sent, thawed_ns)
        return Freeze(stalled_closed, closed_after, left, caught_up_after)

    def _await_closing(self, seconds: float) -> tuple[float, int]:
        begun = time.monotonic()
        closed_after = None
        while True:
            self._stall()
            left = self._clients.server.control.connected() - len(self.stalled)
            passed = time.monotonic() - begun
            if left <= 0 and closed_after is None:
                closed_after = passed
            limit = seconds + (self._clients.timeout_seconds if left > 0 else 0)
            if passed >= limit:
                return closed_after or passed, max(0, left)

    def _stall(self) -> None:
        """Half of the time nothing passes, too short for anybody to give up."""
        self._clients.swarm.call(self._stalling.freeze)
        time.sleep(STALL_SECONDS)
        self._clients.swarm.call(self._stalling.thaw)
        time.sleep(STALL_SECONDS)


def caught_up_seconds(clients: Sequence[NotificationClient], sent: Sent, thawed_ns: int) -> float:
    """From the thaw to the last arrival of what had been sent before it."""
    before = {id_ for id_, ns in zip(sent.ids, sent.committed_ns, strict=True) if ns < thawed_ns}
    came_ns = [
        arrived_ns
        for client in clients
        for id_, arrived_ns in zip(client.arrived_ids, client.arrived_ns, strict=True)
        if id_ in before
    ]
    return max(0.0, (max(came_ns, default=thawed_ns) - thawed_ns) / 1e9)

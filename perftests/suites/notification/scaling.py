"""What one message costs where few are connected, beside what it costs where many are."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, Self

from django.contrib.auth.base_user import AbstractBaseUser

from notifications.send import notify
from notifications.tickets import make_ticket
from perftests.load.clients.client import NotificationClient
from perftests.load.clients.swarm import Swarm
from perftests.load.server.control import turn
from perftests.measure.calls import count_calls

from ..kit.arrivals import Expected
from ..kit.clients import Clients
from ..kit.contest import Question, measure_medians, measure_ratio, run_rounds
from ..kit.contexts import Pacing, Recorder
from ..kit.queue import await_acks
from .mock import MockWebSocketConnection

MESSAGES_EACH = 4
"""What each user gets in a round."""
MESSAGES_PER_SECOND = 8_000
"""Less than a server can take: in a longer round one that falls behind would fall further behind,
and that is another thing than many connections."""

MICROSECONDS = 1e6

GOAL = "<= 1.2"


class Connected(Protocol):
    """Something with few or many connections."""

    def round(self, recipients: int) -> float:
        """The cost of one message in µs; each notification goes to so many `recipients`."""


@dataclass(frozen=True, slots=True)
class Costs:
    """By round, µs for a message with few and with many, and why not to compare them."""

    few: Sequence[float]
    many: Sequence[float]
    doubt: str

    def measure(self, recorder: Recorder, name: str) -> None:
        """Record both, and many to few."""
        measure_medians(recorder, name, {"few": self.few, "many": self.many})
        ratio = f"{name}: many to few"
        measure_ratio(
            recorder,
            ratio,
            self.few,
            self.many,
            goal=GOAL,
            doubt=self.doubt,
        )


def compare_costs(
    pacing: Pacing, swarm: Swarm, few: Connected, many: Connected, *, recipients: int, pairs: int
) -> Costs:
    """Measure few and many in turns, after a pair of warm-up.

    Each notification goes to as many recipients here as there, because one row more in a
    statement costs less than one statement more.
    """
    rounds = {"few": partial(few.round, recipients), "many": partial(many.round, recipients)}
    with swarm.watch() as watch:
        costs = run_rounds(pacing, pairs, rounds, Question("few", "many", [GOAL]))
    return Costs(costs["few"], costs["many"], watch.saturation)


class ConnectedServer:
    """A server with a socket for each of `users`."""

    def __init__(self, clients: Clients, users: Sequence[AbstractBaseUser]) -> None:
        self._clients = clients
        self._pks = [user.pk for user in users]
        self._control = clients.server.control
        url, tickets = clients.server.websocket_url, map(make_ticket, users)
        # They acknowledge when told to: by their own timers it would be here or there in a round.
        self._sockets = [NotificationClient(url, ticket, ack=False) for ticket in tickets]
        self._ids: list[list[int]] = [[] for _ in users]
        self.connected = len(clients.swarm.connect_clients(self._sockets))

    @property
    def expected(self) -> Expected:
        return list(zip(self._ids, self._sockets, strict=True))

    def round(self, recipients: int) -> float:
        """CPU time of the server for a message: stored, pushed and acknowledged."""
        begun = self._control.cpu_seconds()
        messages = MESSAGES_EACH * len(self._pks)
        sent = self._control.notify(
            self._pks,
            count=messages // recipients,
            per_second=MESSAGES_PER_SECOND / recipients,
            each=recipients,
        )
        for number, id_ in enumerate(sent.ids):
            for ids in turn(self._ids, recipients, number):
                ids.append(id_)
        self._clients.await_arrival(self.expected)
        self._clients.acknowledge(self._sockets, MESSAGES_EACH)
        await_acks(self._clients.timeout_seconds)
        return (self._control.cpu_seconds() - begun) / messages * MICROSECONDS


class ConnectedHub:
    """An event loop whose hub has a mock connection for each of `users`; a context manager."""

    def __init__(self, users: Sequence[AbstractBaseUser], timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._pks = [user.pk for user in users]
        self._mocks = [MockWebSocketConnection(make_ticket(user), ack=False) for user in users]
        self._runner = asyncio.Runner()
        self._rounds = 0

    def __enter__(self) -> Self:
        self._runner.run(self._connect())
        return self

    def __exit__(self, *exception: object) -> None:
        self._runner.run(self._disconnect())
        self._runner.close()

    @property
    def missing(self) -> int:
        """Messages that a connection should have got."""
        return sum(self._rounds * MESSAGES_EACH - len(mock.arrived_ids) for mock in self._mocks)

    def round(self, recipients: int) -> float:
        """CPU time of this process for a message that the hub hears of and pushes."""
        messages = self._send(recipients)
        begun = time.process_time()
        self._runner.run(self._receive())
        used = time.process_time() - begun
        self._finish()
        return used / messages * MICROSECONDS

    def calls(self, recipients: int) -> float:
        """Calls of Python functions for such a message."""
        messages = self._send(recipients)
        with count_calls() as counter:
            self._runner.run(self._receive())
        self._finish()
        return counter.calls / messages

    def _send(self, recipients: int) -> int:
        """A round of messages, which wait for the event loop to run; how many."""
        messages = MESSAGES_EACH * len(self._pks)
        for number in range(messages // recipients):
            notify(turn(self._pks, recipients, number), "Load")
        self._rounds += 1
        return messages

    def _finish(self) -> None:
        self._runner.run(self._acknowledge())
        await_acks(self._timeout_seconds, pause=self._run_for)

    def _run_for(self, seconds: float) -> None:
        self._runner.run(asyncio.sleep(seconds))

    async def _connect(self) -> None:
        await asyncio.gather(*(mock.connect() for mock in self._mocks))

    async def _receive(self) -> None:
        for mock in self._mocks:
            await mock.wait_for(self._rounds * MESSAGES_EACH)

    async def _acknowledge(self) -> None:
        for mock in self._mocks:
            mock.acknowledge()

    async def _disconnect(self) -> None:
        for mock in self._mocks:
            await mock.disconnect()

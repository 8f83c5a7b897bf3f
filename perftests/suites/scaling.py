"""What one message costs where few are connected, beside what it costs where many are."""

import asyncio
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self

from django.contrib.auth.base_user import AbstractBaseUser

from notifications.models import Delivery
from notifications.send import notify
from notifications.tickets import make_ticket
from perftests.load.client import NotificationClient
from perftests.load.control import Control, turn
from perftests.load.mock import MockWebSocketConnection
from perftests.load.server import ServerProcess
from perftests.measure.stats import median, median_ratio

from .support import POLL_SECONDS, Expected, LoadTestCase

MESSAGES_EACH = 4
"""What each user gets in a round."""
MESSAGES_PER_SECOND = 8_000
"""Less than a server can take: in a longer round one that falls behind would fall further behind,
and that is another thing than many connections."""

MICROSECONDS = 1e6


class Connected(Protocol):
    """Something with few or many connections."""

    def round(self, recipients: int) -> float:
        """The cost of one message in µs; each notification goes to so many `recipients`."""


def measure_costs(
    test: LoadTestCase, name: str, few: Connected, many: Connected, *, recipients: int, pairs: int
) -> None:
    """Record the costs with few and with many, measured in turns after a pair of warm-up.

    Each notification goes to as many recipients here as there, because one row more in a
    statement costs less than one statement more.
    """
    with test.swarm.watch() as watch:
        costs = [(few.round(recipients), many.round(recipients)) for _ in range(pairs + 1)][1:]
    for size, values in zip(("few", "many"), zip(*costs, strict=True), strict=True):
        test.measure(f"{name}: {size}", median(values), "µs", better="lower")
    ratio = median_ratio(costs).value
    test.measure(f"{name}: many to few", ratio, "×", ours="<= 1.2", doubt=watch.doubt)


def await_acks(test: LoadTestCase, pause: Callable[[float], None]) -> None:
    """Wait until every ack is written; raises `TimeoutError`."""
    deadline = time.monotonic() + test.timeout_seconds
    while Delivery.objects.queued().exists():
        if time.monotonic() > deadline:
            raise TimeoutError("The acks of a round were not all written.")
        pause(POLL_SECONDS)


class ConnectedServer:
    """A server with a socket for each of `users`."""

    def __init__(
        self, test: LoadTestCase, server: ServerProcess, users: Sequence[AbstractBaseUser]
    ) -> None:
        self._test = test
        self._pks = [user.pk for user in users]
        self._control = Control(server.http_url)
        url, tickets = server.websocket_url, map(make_ticket, users)
        # They acknowledge when told to: by their own timers it would be here or there in a round.
        self._clients = [NotificationClient(url, ticket, ack=False) for ticket in tickets]
        self._ids: list[list[int]] = [[] for _ in users]
        self.connected = len(test.swarm.connect_clients(self._clients))

    @property
    def expected(self) -> Expected:
        return list(zip(self._ids, self._clients, strict=True))

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
        self._test.await_arrival(self.expected)
        self._test.swarm.call(self._send_acks)
        await_acks(self._test, time.sleep)
        return (self._control.cpu_seconds() - begun) / messages * MICROSECONDS

    def _send_acks(self) -> None:
        for client in self._clients:
            client.send({"type": "ack", "ids": client.arrived_ids[-MESSAGES_EACH:]})


class ConnectedHub:
    """An event loop whose hub has a mock connection for each of `users`; a context manager."""

    def __init__(self, test: LoadTestCase, users: Sequence[AbstractBaseUser]) -> None:
        self._test = test
        self._pks = [user.pk for user in users]
        self._mocks = [MockWebSocketConnection(make_ticket(user), ack=False) for user in users]
        self._runner = asyncio.Runner()
        self._rounds = 0

    def __enter__(self) -> Self:
        self._runner.run(self._connect())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._runner.run(self._disconnect())
        self._runner.close()

    @property
    def missing(self) -> int:
        """Messages that a connection should have got."""
        return sum(self._rounds * MESSAGES_EACH - len(mock.arrived_ids) for mock in self._mocks)

    def round(self, recipients: int) -> float:
        """CPU time of this process for a message that the hub hears of and pushes."""
        messages = MESSAGES_EACH * len(self._pks)
        for number in range(messages // recipients):
            notify(turn(self._pks, recipients, number), "Load")
        self._rounds += 1
        begun = time.process_time()
        self._runner.run(self._receive())
        used = time.process_time() - begun
        self._runner.run(self._acknowledge())
        await_acks(self._test, lambda seconds: self._runner.run(asyncio.sleep(seconds)))
        return used / messages * MICROSECONDS

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

"""Server processes behind a proxy, all their clients, and what these cost together.

Clients acknowledge each message by itself. In batches those of few sockets, which get more
messages a second, would have fewer acks for each.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, Self

from django.contrib.auth.models import User

from notifications.send import notify
from notifications.tickets import make_ticket
from perftests.conf import Server
from perftests.load.clients.client import NotificationClient
from perftests.load.clients.swarm import Swarm
from perftests.load.schedule.pacing import keep, moments_ns
from perftests.load.server.control import Control
from perftests.load.server.process import ServerProcess
from perftests.measure.resources import cpu_seconds

from ..kit.arrivals import Expected
from ..kit.clients import renew_tickets
from ..kit.queue import await_acks
from .nginx import Proxy

MESSAGES_PER_SECOND = 5_000
"""Over all sockets, as clients on the same machine have to keep up."""

CONCURRENCY = 200


class Site:
    """A context manager around the processes; `clients[i]` is that of `users[i]`."""

    def __init__(
        self,
        server: Server,
        processes: int,
        users: Sequence[User],
        environment: dict[str, str],
        timeout_seconds: float,
    ) -> None:
        self.users = users
        self.clients: list[NotificationClient] = []
        self.sent: list[list[int]] = []
        self._timeout_seconds = timeout_seconds
        self._stack = ExitStack()
        self.servers = [ServerProcess(server, environment=environment) for _ in range(processes)]

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            ports = [stack.enter_context(server).port or 0 for server in self.servers]
            self.proxy = stack.enter_context(Proxy(ports))
            self.swarm = stack.enter_context(Swarm(self.proxy.websocket_url))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._stack.close()

    @property
    def expected(self) -> Expected:
        return list(zip(self.sent, self.clients, strict=True))

    def connected(self) -> list[int]:
        """How many sockets each process has."""
        return [Control(server.http_url).connected() for server in self.servers]

    def connect(self, level: int) -> float:
        """Connect up to so many; µs of CPU of all processes for each that came."""
        users = self.users[len(self.clients) : level]
        url = self.proxy.websocket_url
        new = [NotificationClient(url, make_ticket(user), ack_delay_seconds=0) for user in users]
        self.clients += new
        self.sent += [[] for _ in new]
        return self._cost(len(new), lambda: self._admit(new))

    def broadcast(self, pushes: int) -> float:
        """µs of CPU of all processes for each message to all, until all acks are stored."""
        users = self.users[: len(self.clients)]

        def send() -> None:
            for _ in keep(moments_ns(pushes, MESSAGES_PER_SECOND / len(users))):
                self._note(notify(users, "Load").pk, self.sent)
            self.settle()

        return self._cost(pushes * len(users), send)

    def send_to_each(self, number: int) -> float:
        """The same of a message of the own to so many users, evenly chosen."""
        every = len(self.clients) // number

        def send() -> None:
            for place in range(0, every * number, every):
                self._note(notify(self.users[place], "Own").pk, [self.sent[place]])
            self.settle()

        return self._cost(number, send)

    def restart_one(self) -> float:
        """Restart a process with a message on the way; seconds until its clients are back."""
        users, begun = self.users[: len(self.clients)], time.monotonic()
        leaving = Control(self.servers[0].http_url).connected()
        self.servers[0].stop()
        self.swarm.wait_until(
            lambda: sum(not client.connected for client in self.clients) >= leaving,
            self._timeout_seconds,
            "the clients of a server that has ended to notice",
        )
        self._note(notify(users, "Meanwhile").pk, self.sent)
        self.servers[0].start()
        while away := [place for place, c in enumerate(self.clients) if not c.connected]:
            lost = [self.clients[place] for place in away]
            renew_tickets(lost, [users[place] for place in away])
            self.swarm.connect_clients(lost, concurrency=CONCURRENCY)
            if time.monotonic() - begun > self._timeout_seconds:
                raise TimeoutError(f"{len(lost)} clients did not come back.")
        back = time.monotonic() - begun
        self.settle()
        return back

    def settle(self) -> None:
        """Wait until all has arrived and is acknowledged; raises `TimeoutError`."""
        pairs = self.expected

        def arrived() -> bool:
            return all(len(client.arrived_ids) >= len(ids) for ids, client in pairs)

        self.swarm.wait_until(arrived, self._timeout_seconds, "all notifications")
        await_acks(self._timeout_seconds)

    def _cost(self, count: int, work: Callable[[], object]) -> float:
        before = self._cpu_seconds()
        work()
        return (self._cpu_seconds() - before) / count * 1e6

    def _cpu_seconds(self) -> float:
        return sum(cpu_seconds(server.pid) for server in self.servers)

    def _admit(self, clients: Sequence[NotificationClient]) -> None:
        connected = self.swarm.connect_clients(clients, concurrency=CONCURRENCY)
        if missing := len(clients) - len(connected):
            raise AssertionError(f"{missing} did not connect: {dict(self.swarm.failures)}")

    def _note(self, id_: int, sent: Sequence[list[int]]) -> None:
        for ids in sent:
            ids.append(id_)

"""The clients of a server under load, as helpers of a test see them."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from django.contrib.auth.base_user import AbstractBaseUser

from notifications.tickets import make_ticket
from perftests.load.clients.client import Listener, NotificationClient
from perftests.load.clients.connection import Connection
from perftests.load.clients.swarm import Swarm
from perftests.load.server.control import Sent

from .arrivals import Expected, offered_doubt, undisturbed
from .server import ServerUnderLoad

C = TypeVar("C", bound=Connection)


class Clients:
    """Connects clients to one server, all on the loop of a swarm, and waits for them.

    A server beside it has clients of its own, on the same swarm.
    """

    def __init__(self, server: ServerUnderLoad, swarm: Swarm) -> None:
        self.server = server
        self.swarm = swarm
        self.timeout_seconds = server.timeout_seconds

    def connect(
        self, users: Iterable[AbstractBaseUser], *, concurrency: int = 100, **options: Any
    ) -> list[NotificationClient]:
        """A connected client for each of `users`, in their order; `options` are the client's.

        Raises `AssertionError` unless all are connected.
        """
        url = self.server.websocket_url
        clients = [NotificationClient(url, make_ticket(user), **options) for user in users]
        return self.connect_all(clients, concurrency=concurrency)

    def connect_floor(self, count: int) -> list[Listener]:
        """So many bare sockets; raises `AssertionError` unless all are connected."""
        return self._require(self.swarm.connect_floor(count), count)

    def connect_all(self, clients: Sequence[C], *, concurrency: int = 100) -> list[C]:
        """Connect these, new ones or again; raises `AssertionError` unless all are connected."""
        connected = self.swarm.connect_clients(clients, concurrency=concurrency)
        return self._require(connected, len(clients))

    def come_back(
        self, clients: Sequence[NotificationClient], users: Iterable[AbstractBaseUser]
    ) -> None:
        """Connect the clients of these users again; raises `AssertionError` unless all are back."""
        renew_tickets(clients, users)
        self.connect_all(clients)

    def warm_up(self, clients: Sequence[NotificationClient], pks: Sequence[Any]) -> list[int]:
        """Send a few notifications that no latency counts; their ids, for the accounting."""
        ids = self.server.control.notify(pks, "Warm-up", count=5).ids
        self.await_arrival([(ids, client) for client in clients])
        return ids

    def await_arrival(self, expected: Expected) -> None:
        """Wait until everything has arrived, or time is up: what is missing then is accounted."""
        counts = [(client, len(ids)) for ids, client in expected]

        def arrived() -> bool:
            return all(len(client.arrived_ids) >= count for client, count in counts)

        with suppress(TimeoutError):  # accounted later
            self.wait_until(arrived, "all notifications")

    def await_sent(self, send: Callable[[], Sent], expected: Expected) -> tuple[Sent, str]:
        """Let `send` keep to its schedule, and wait for all; and why not to trust the times of it.

        It adds what it sends to what is `expected`, and does so again if it was disturbed.
        """

        def measure() -> tuple[Sent, str]:
            with self.swarm.watch() as watch:
                sent = send()
                self.await_arrival(expected)
            return sent, watch.doubt or offered_doubt(sent)

        return undisturbed(measure)

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition, asked on the loop; raises `TimeoutError` that says `what`."""
        self.swarm.wait_until(condition, self.timeout_seconds, what)

    def acknowledge(self, clients: Sequence[NotificationClient], newest: int) -> None:
        """Let each acknowledge so many of what arrived last; the server stores it a bit later."""

        def send() -> None:
            for client in clients:
                client.send({"type": "ack", "ids": client.arrived_ids[-newest:]})

        self.swarm.call(send)

    def drop(self, clients: Sequence[Connection]) -> None:
        """Cut their connections without a word."""
        for client in clients:
            self.swarm.call(client.drop)

    def cut(self, clients: Sequence[Connection]) -> None:
        """Cut their connections, and wait until the server has noticed and is empty."""
        self.drop(clients)
        self.server.await_empty()

    def _require(self, connected: list[C], count: int) -> list[C]:
        if len(connected) != count:
            missing, reasons = count - len(connected), dict(self.swarm.failures)
            raise AssertionError(f"{missing} of {count} did not connect: {reasons}")
        return connected


def renew_tickets(clients: Sequence[NotificationClient], users: Iterable[AbstractBaseUser]) -> None:
    """Give the clients of these users new tickets, to connect again."""
    for client, user in zip(clients, users, strict=True):
        client.ticket = make_ticket(user)

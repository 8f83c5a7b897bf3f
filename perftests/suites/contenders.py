"""The contenders of the engine suite: as many sockets each, and how to push to all of them."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from notifications.models import Delivery, Notification
from notifications.send import notify
from notifications.tickets import make_ticket
from perftests.load import rivals
from perftests.load.client import Listener, NotificationClient
from perftests.load.connection import Connection
from perftests.load.control import Control
from perftests.load.pacing import keep, moments_ns
from perftests.load.server import ServerProcess

from .engine import EngineTestCase
from .support import POLL_SECONDS, Expected

QUIET_SECONDS = 0.5
"""What a stock layer has not delivered after such a silence, it has dropped."""

LEAVE_POLL_SECONDS = 0.1

NOBODY_HEARS = {"default": {"BACKEND": "notifications.layers.InProcessChannelLayer"}}

Users = Sequence[AbstractBaseUser]


class Contender:
    """Sockets of one kind. Each measurement returns µs of the server's CPU for one message."""

    sockets: Sequence[Connection]

    def __init__(self, test: EngineTestCase, server: ServerProcess) -> None:
        self._test = test
        self._control = Control(server.http_url)

    @property
    def arrived(self) -> int:
        """Messages over all sockets."""
        return sum(socket.frames for socket in self.sockets)

    def await_arrival(self, wanted: int) -> None:
        """Wait until so many have arrived."""
        self._test.swarm.wait_until(
            lambda: self.arrived >= wanted, self._test.timeout_seconds, "all messages of a round"
        )

    def cost(self, send: Callable[[], object], messages: int) -> float:
        """The cost of each message that arrives of those that `send` sends."""
        before, used = self.arrived, self._control.cpu_seconds()
        send()
        self.await_arrival(before + messages)
        arrived = self.arrived - before
        return (self._control.cpu_seconds() - used) / arrived * 1e6


class Floor(Contender):
    """A bare ASGI application that pushes a text of the same length."""

    def __init__(self, test: EngineTestCase, count: int) -> None:
        super().__init__(test, test.server)
        self.sockets = test.swarm.connect_floor(count)
        test.assertEqual(len(self.sockets), count, test.swarm.failures)

    def broadcast(self, pushes: int, per_second: float) -> float:
        """`pushes` messages to every socket."""

        def send() -> None:
            self._control.floor_push(frame(), count=pushes, per_second=per_second)

        return self.cost(send, pushes * len(self.sockets))


class Ours(Contender):
    """Users with the client of our protocol. `client` are options of `NotificationClient`; without
    any it acknowledges when told to, and those acks belong to no cost.
    """

    sockets: Sequence[NotificationClient]

    def __init__(self, test: EngineTestCase, users: Users, **client: Any) -> None:
        super().__init__(test, test.server)
        self.users = users
        self.sockets = test.swarm.connect(map(make_ticket, users), **{"ack": False, **client})
        test.assertEqual(len(self.sockets), len(users), test.swarm.failures)
        self._ids: list[list[int]] = [[] for _ in users]

    @property
    def arrived(self) -> int:
        return sum(len(client.arrived_ids) for client in self.sockets)

    @property
    def expected(self) -> Expected:
        return list(zip(self._ids, self.sockets, strict=True))

    def push(self, pushes: int, per_second: float | None = None) -> float:
        """`pushes` notifications to all users, who do not acknowledge them."""
        messages = pushes * len(self.users)
        return self.cost(lambda: self._send_at_rate(pushes, per_second), messages)

    def broadcast(self, pushes: int, per_second: float) -> float:
        """`pushes` notifications to all users; then they acknowledge, at no cost."""
        cost = self.push(pushes, per_second)
        self.acknowledge(pushes)
        return cost

    def broadcast_with_acks(self, pushes: int, per_second: float) -> float:
        """The same with clients that acknowledge by themselves, until that is stored."""

        def send() -> None:
            self._send_at_rate(pushes, per_second)
            self.await_acks()

        return self.cost(send, pushes * len(self.users))

    def burst(self, size: int) -> float:
        """`size` notifications to all users that no hint announces; then acks at no cost.

        They wait in the database until the server finds them.
        """

        def send() -> None:
            with override_settings(CHANNEL_LAYERS=NOBODY_HEARS), transaction.atomic():
                self._send_at_rate(size, None)

        cost = self.cost(send, size * len(self.users))
        self.acknowledge(size)
        return cost

    def send_to_each(self) -> float:
        """A notification of the own for every user, one by one; then acks at no cost."""
        cost = self.cost(self._send_to_each, len(self.users))
        self.acknowledge(1)
        return cost

    def send_to_each_together(self) -> float:
        """The same in one transaction, which announces all of them when it commits."""
        cost = self.cost(transaction.atomic(self._send_to_each), len(self.users))
        self.acknowledge(1)
        return cost

    def acknowledge(self, newest: int) -> None:
        """Acknowledge the last so many of each client, and wait until that is stored."""
        self._test.swarm.call(self._send_acks, newest)
        self.await_acks()

    def await_acks(self) -> None:
        """Wait until the offline queue is empty."""
        deadline = time.monotonic() + self._test.timeout_seconds
        while Delivery.objects.queued().exists():
            if time.monotonic() > deadline:
                raise TimeoutError("The server did not store all acknowledgements of a round.")
            time.sleep(POLL_SECONDS)

    def _send_acks(self, newest: int) -> None:
        for client in self.sockets:
            client.send({"type": "ack", "ids": client.arrived_ids[-newest:]})

    def _send_at_rate(self, pushes: int, per_second: float | None) -> None:
        for _ in keep(moments_ns(pushes, per_second)):
            sent = notify(self.users, "Load")
            for ids in self._ids:
                ids.append(sent.pk)

    def _send_to_each(self) -> None:
        for number, (user, ids) in enumerate(zip(self.users, self._ids, strict=True)):
            ids.append(notify(user, f"Load {number}").pk)


class Rival(Contender):
    """The same users with the stock consumer on a stock layer, which may lose messages.

    They are on a server of their own: neither contender pays for the memory of the other.
    """

    def __init__(
        self, test: EngineTestCase, server: ServerProcess, layer: str, users: Users
    ) -> None:
        super().__init__(test, server)
        self.sent = 0
        self._layer = layer
        self._pks = [user.pk for user in users]
        url = f"{server.websocket_url}/rival/{layer}/?ticket="
        self.sockets = test.swarm.connect_clients(
            [Listener(url + make_ticket(user)) for user in users]
        )
        test.assertEqual(len(self.sockets), len(users), test.swarm.failures)

    @property
    def reach(self) -> float:
        """Percent of what was sent that has arrived."""
        return 100 * self.arrived / self.sent

    def broadcast(self) -> float:
        """One message to all users."""
        return self._send([(pk, content("Load")) for pk in self._pks])

    def send_to_each(self) -> float:
        """A message of the own for every user."""
        return self._send([(pk, content(f"Load {n}")) for n, pk in enumerate(self._pks)])

    def await_arrival(self, wanted: int) -> None:
        seen, quiet_since = self.arrived, time.monotonic()
        while seen < wanted and time.monotonic() - quiet_since < QUIET_SECONDS:
            time.sleep(POLL_SECONDS)
            if self.arrived > seen:
                seen, quiet_since = self.arrived, time.monotonic()

    def leave(self) -> None:
        """Disconnect, and wait until the server has taken all of them out of their groups."""
        for socket in self.sockets:
            self._test.swarm.call(socket.drop)
        deadline = time.monotonic() + self._test.timeout_seconds
        while left := self._control.rival_live():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{left} of the rivals did not leave.")
            time.sleep(LEAVE_POLL_SECONDS)

    def _send(self, messages: Sequence[tuple[Any, dict[str, Any]]]) -> float:
        self.sent += len(messages)

        def send() -> None:
            if self._layer == "memory":  # which reaches its own process alone
                self._control.rival_send(self._layer, messages)
            else:
                asyncio.run(rivals.send(self._layer, messages))

        return self.cost(send, len(messages))


def frame(title: str = "Load") -> str:
    """The frame of a notification like those that we send."""
    return Notification(pk=1, title=title).frame(created_at=timezone.now())


def content(title: str) -> dict[str, Any]:
    """The same for a layer that takes plain data."""
    plain: dict[str, Any] = json.loads(frame(title))
    return plain

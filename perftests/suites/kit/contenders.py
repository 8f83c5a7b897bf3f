"""Contenders for the server's CPU: sockets of one kind, and how to push to all of them."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from notifications.models import Notification
from notifications.send import notify
from perftests.load.clients.client import NotificationClient
from perftests.load.clients.connection import Connection
from perftests.load.schedule.pacing import keep, moments_ns

from .arrivals import Expected
from .clients import Clients
from .queue import await_acks

NOBODY_HEARS = {"default": {"BACKEND": "notifications.layers.InProcessChannelLayer"}}

Users = Sequence[AbstractBaseUser]


class Contender:
    """Sockets of one kind. Each measurement returns µs of the server's CPU for one message."""

    sockets: Sequence[Connection]

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._control = clients.server.control

    @property
    def arrived(self) -> int:
        """Messages over all sockets."""
        return sum(socket.frames for socket in self.sockets)

    def await_arrival(self, wanted: int) -> None:
        """Wait until so many have arrived."""
        self._clients.wait_until(lambda: self.arrived >= wanted, "all messages of a round")

    def cost(self, send: Callable[[], object], messages: int) -> float:
        """The cost of each message that arrives of those that `send` sends."""
        before, used = self.arrived, self._control.cpu_seconds()
        send()
        self.await_arrival(before + messages)
        arrived = self.arrived - before
        return (self._control.cpu_seconds() - used) / arrived * 1e6


class Floor(Contender):
    """A bare ASGI application that pushes a text of the same length."""

    def __init__(self, clients: Clients, count: int) -> None:
        super().__init__(clients)
        self.sockets = clients.connect_floor(count)

    def broadcast(self, pushes: int, per_second: float | None = None) -> float:
        """`pushes` messages to every socket."""

        def send() -> None:
            self._control.floor_push(frame(), count=pushes, per_second=per_second)

        return self.cost(send, pushes * len(self.sockets))


class Ours(Contender):
    """Users with the client of our protocol. `options` are those of `NotificationClient`; without
    any it acknowledges when told to, and those acks belong to no cost.
    """

    sockets: Sequence[NotificationClient]

    def __init__(self, clients: Clients, users: Users, **options: Any) -> None:
        super().__init__(clients)
        self.users = users
        self.sockets = clients.connect(users, **{"ack": False, **options})
        self._pks = [user.pk for user in users]
        self._ids: list[list[int]] = [[] for _ in users]

    @property
    def arrived(self) -> int:
        return sum(len(client.arrived_ids) for client in self.sockets)

    @property
    def expected(self) -> Expected:
        return list(zip(self._ids, self.sockets, strict=True))

    @property
    def frames_each(self) -> float:
        """How many frames there were for each notification; the greetings are none."""
        frames = sum(client.frames for client in self.sockets) - len(self.sockets)
        return frames / sum(map(len, self._ids))

    def push(self, pushes: int, per_second: float | None = None) -> float:
        """`pushes` notifications to all users, who do not acknowledge them."""
        return self._cost_to_all(pushes, lambda: self._send_at_rate(pushes, per_second))

    def broadcast(self, pushes: int, per_second: float | None = None) -> float:
        """`pushes` notifications to all users; then they acknowledge, at no cost."""
        cost = self.push(pushes, per_second)
        self.acknowledge(pushes)
        return cost

    def broadcast_from_inside(self) -> float:
        """A notification to all users that the server stores as well; then acks at no cost."""
        cost = self._cost_to_all(1, self._send_from_inside)
        self.acknowledge(1)
        return cost

    def broadcast_with_acks(self, pushes: int, per_second: float) -> float:
        """The same with clients that acknowledge by themselves, until that is stored."""

        def send() -> None:
            self._send_at_rate(pushes, per_second)
            self.await_acks()

        return self._cost_to_all(pushes, send)

    def burst(self, size: int) -> float:
        """`size` notifications to all users that no hint announces; then acks at no cost.

        They wait in the database until the server finds them.
        """

        def send() -> None:
            with override_settings(CHANNEL_LAYERS=NOBODY_HEARS), transaction.atomic():
                self._send_at_rate(size, None)

        cost = self._cost_to_all(size, send)
        self.acknowledge(size)
        return cost

    def send_to_each(self) -> float:
        """A notification of the own for every user, one by one; then acks at no cost."""
        cost = self._cost_to_all(1, self._send_to_each)
        self.acknowledge(1)
        return cost

    def send_to_each_together(self) -> float:
        """The same in one transaction, which announces all of them when it commits."""
        cost = self._cost_to_all(1, transaction.atomic(self._send_to_each))
        self.acknowledge(1)
        return cost

    def acknowledge(self, newest: int, first: int | None = None) -> None:
        """Acknowledge the last so many of each client, or of the `first` so many clients.

        Returns when that is stored.
        """
        self._clients.acknowledge(self.sockets[:first], newest)
        self.await_acks()

    def await_acks(self) -> None:
        """Wait until the queues of these users are empty; raises `TimeoutError`."""
        await_acks(self._clients.timeout_seconds, self._pks)

    def _cost_to_all(self, each: int, send: Callable[[], object]) -> float:
        return self.cost(send, each * len(self.users))

    def _send_at_rate(self, pushes: int, per_second: float | None) -> None:
        for _ in keep(moments_ns(pushes, per_second)):
            self._note_sent(notify(self.users, "Load").pk)

    def _send_from_inside(self) -> None:
        [id_] = self._control.notify(self._pks).ids
        self._note_sent(id_)

    def _note_sent(self, id_: int) -> None:
        for ids in self._ids:
            ids.append(id_)

    def _send_to_each(self) -> None:
        for number, (user, ids) in enumerate(zip(self.users, self._ids, strict=True)):
            ids.append(notify(user, f"Load {number}").pk)


def frame(title: str = "Load") -> str:
    """The frame of a notification like those that we send."""
    return Notification(pk=1, title=title).frame(created_at=timezone.now())

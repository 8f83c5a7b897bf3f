"""A server that somebody might pick, with clients of its own, and what it costs to reach them."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import ClassVar, Self

from django.utils import timezone

from notifications.models import Notification
from perftests.load.clients.client import NotificationClient
from perftests.load.clients.swarm import Swarm
from perftests.load.schedule.pacing import keep, moments_ns
from perftests.measure.resources import cpu_seconds, uss_bytes
from perftests.measure.units import kilobytes
from perftests.processes.waiting import POLL_SECONDS

FRAME_BYTES = 240
"""Of every message, whoever sends it."""

QUIET_SECONDS = 2.0
"""What has not come after such a silence does not come."""

WARM_UP_SHARE = 10
"""One socket in so many comes before memory is looked at: what comes with the first is no cost of
a socket."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Of one socket: µs of the server's CPU for its connecting, and what it holds, idle, in kB."""

    cpu: float
    kilobytes: float


class Alternative(ABC):
    """A context manager around a server that pushes each message to all its clients.

    Subclasses say how it is started, killed, and told of a message, and what its clients are.
    """

    name: str
    acknowledges: ClassVar[bool] = False
    """Whether its clients can tell it that they have a message."""

    def __init__(self, swarm: Swarm, timeout_seconds: float) -> None:
        self.timeout_seconds = timeout_seconds
        self.clients: list[NotificationClient] = []
        self._swarm = swarm
        self._numbers = count(1)

    @property
    @abstractmethod
    def pid(self) -> int:
        """Of the process whose CPU and memory count, with all that it has started."""

    @abstractmethod
    def start(self) -> None:
        """Start, also again on the same port; returns when it answers."""

    @abstractmethod
    def kill(self) -> None:
        """End it as a crash does."""

    @abstractmethod
    def make_clients(self, number: int, *, ack: bool) -> list[NotificationClient]:
        """So many clients that are not connected yet."""

    @abstractmethod
    def publish(self) -> int:
        """One message to all clients; its id, when the server or the database has it.

        Raises `OSError` or `http.client.HTTPException` where there is nobody to take it.
        """

    def settle(self) -> None:  # noqa: B027 - for most there is nothing to wait for
        """Wait until the server has done its work with the acks."""

    def clear(self) -> None:  # noqa: B027 - most keep nothing
        """Let clients that do not acknowledge by themselves do so, at no cost."""

    def renew(self, client: NotificationClient) -> None:  # noqa: B027 - most need nothing
        """Give a client what it needs to connect once more."""

    def memory(self) -> int:
        """Bytes that are its own."""
        return uss_bytes(self.pid)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.kill()

    @property
    def arrived(self) -> int:
        return sum(len(client.arrived_ids) for client in self.clients)

    def connect(self, number: int) -> Entry:
        """Connect so many clients that do not acknowledge; raises `AssertionError`."""
        self.clients = self.make_clients(number, ack=False)
        first = number // WARM_UP_SHARE
        self._admit(self.clients[:first])
        memory, used = self.memory(), cpu_seconds(self.pid)
        self._admit(self.clients[first:])
        used = cpu_seconds(self.pid) - used
        more = number - first
        return Entry(used / more * 1e6, kilobytes(self.memory() - memory) / more)

    def reconnect(self, *, ack: bool) -> None:
        """As many new clients in their place."""
        number = len(self.clients)
        self._swarm.leave(self.clients)
        self.clients = self.make_clients(number, ack=ack)
        self._admit(self.clients)

    def push(self, pushes: int, per_second: float) -> float:
        """µs of the server's CPU for each message that arrives."""
        cost = self._cost(pushes, per_second, lambda: None)
        self.clear()
        return cost

    def push_acknowledged(self, pushes: int, per_second: float) -> float:
        """The same until the server has done its work with the acks of all."""
        return self._cost(pushes, per_second, self.settle)

    def await_connected(self) -> None:
        """Wait until all clients are; raises `TimeoutError`."""
        self._swarm.wait_until(
            lambda: all(client.connected for client in self.clients),
            self.timeout_seconds,
            f"all clients of {self.name}",
        )

    def await_arrival(self, wanted: int) -> None:
        """Wait until so many have arrived, or nothing has for a while."""
        seen, since = self.arrived, time.monotonic()
        while seen < wanted and time.monotonic() - since < QUIET_SECONDS:
            time.sleep(POLL_SECONDS)
            if self.arrived > seen:
                seen, since = self.arrived, time.monotonic()

    def _cost(self, pushes: int, per_second: float, settle: Callable[[], None]) -> float:
        before, used = self.arrived, cpu_seconds(self.pid)
        for _ in keep(moments_ns(pushes, per_second)):
            self.publish()
        self.await_arrival(before + pushes * len(self.clients))
        settle()
        return (cpu_seconds(self.pid) - used) / (self.arrived - before) * 1e6

    def _admit(self, clients: list[NotificationClient]) -> None:
        if missing := len(clients) - len(self._swarm.connect_clients(clients)):
            reasons = dict(self._swarm.failures)
            raise AssertionError(f"{self.name}: {missing} did not connect: {reasons}")


def frame(number: int, body: str = "") -> str:
    """A message like those of ours, with a number for an id."""
    return Notification(pk=number, title="Load", body=body).frame(created_at=timezone.now())


FILLING = "x" * (FRAME_BYTES - len(frame(100_000, "x")) + 1)
"""A body with which frames are of one length."""

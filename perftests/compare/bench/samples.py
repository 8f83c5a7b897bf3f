"""What is measured of either side, a short round at a time: what a piece of work costs or takes.

It needs of `notifications` what the kit of the suites and the commands inside the server import: a
version in which that is missing or elsewhere cannot be measured, and says so.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

from django.contrib.auth.models import User

from notifications.models import Notification
from notifications.send import notify

from ...load.clients.client import NotificationClient
from ...measure.stats import median
from ...processes.waiting import settle
from ...suites.kit.arrivals import latencies_ns
from ...suites.kit.clients import Clients
from ...suites.kit.contenders import Ours
from ...suites.kit.rows import queue_for
from ...users import create_users
from .sample import Round, Sample, thread_microseconds
from .writing import prepare_writes

NOTIFICATIONS = 20
MANY = 200
CONNECTING = 15
CONNECTED = 100
PUSHES = 8
"""To so many pushes in a row the clients owe their acks, which the cost of a push does not hold."""

RECEIVERS = 10
QUEUED = 20
TIMED = 10
PER_SECOND = 100


def _prepare_notify(clients: Clients) -> Round:
    users = create_users(1)

    def measure() -> dict[str, float]:
        return {"notify": _sending_microseconds(users, NOTIFICATIONS) / NOTIFICATIONS}

    return measure


def _prepare_notify_many(clients: Clients) -> Round:
    users = create_users(MANY)

    def measure() -> dict[str, float]:
        return {"notify many": _sending_microseconds(users, 2) / (2 * MANY)}

    return measure


def _prepare_connect(clients: Clients) -> Round:
    users = create_users(CONNECTING)

    def measure() -> dict[str, float]:
        with _visit(clients, users) as visit:
            pass
        return {"connect": visit.cpu_seconds / CONNECTING * 1e6}

    return measure


def _prepare_push(clients: Clients) -> Round:
    ours = Ours(clients, create_users(CONNECTED))
    rounds = count(1)

    def measure() -> dict[str, float]:
        pushed = ours.push(1)
        if next(rounds) % PUSHES == 0:
            ours.acknowledge(PUSHES)
        return {"push": pushed}

    return measure


def _prepare_ack(clients: Clients) -> Round:
    ours, control = Ours(clients, create_users(CONNECTED)), clients.server.control

    def measure() -> dict[str, float]:
        ours.push(1)
        used = control.cpu_seconds()
        ours.acknowledge(1)
        return {"ack": (control.cpu_seconds() - used) / CONNECTED * 1e6}

    return measure


def _prepare_replay(clients: Clients) -> Round:
    users = create_users(RECEIVERS)

    def measure() -> dict[str, float]:
        queues = queue_for(users, QUEUED)
        with _visit(clients, users, ack=False) as visit:
            clients.await_arrival(list(zip(queues, visit.clients, strict=True)))
        Notification.objects.filter(pk__in=[pk for queue in queues for pk in queue]).delete()
        return {"replay": visit.cpu_seconds / (RECEIVERS * QUEUED) * 1e6}

    return measure


def _prepare_latency(clients: Clients) -> Round:
    users = create_users(RECEIVERS)
    connected = clients.connect(users)
    pks = [user.pk for user in users]

    def measure() -> dict[str, float]:
        before = [len(client.arrived_ids) for client in connected]
        sent = clients.server.control.notify(pks, count=TIMED, per_second=PER_SECOND)
        clients.wait_until(
            lambda: all(
                len(client.arrived_ids) >= known + TIMED
                for client, known in zip(connected, before, strict=True)
            ),
            "all notifications of a round",
        )
        return {"latency": median(latencies_ns(connected, sent.due_ns_of)) / 1e3}

    return measure


SAMPLES = {
    "notify": Sample(("N1", "D3"), ("notify",), _prepare_notify, here=True),
    "notify many": Sample(("N1", "D3"), ("notify many",), _prepare_notify_many, here=True),
    "connect": Sample(("W1", "W6"), ("connect",), _prepare_connect),
    "push": Sample(("W5", "W2", "N8"), ("push",), _prepare_push),
    "ack": Sample(("W5", "W2"), ("ack",), _prepare_ack),
    "write": Sample(("D3",), ("acknowledge", "read all", "prune"), prepare_writes, here=True),
    "replay": Sample(("N4",), ("replay",), _prepare_replay),
    "latency": Sample(("N7",), ("latency",), _prepare_latency),
}


@dataclass
class Visit:
    """Clients that come and go, and what that cost the server until they went."""

    clients: Sequence[NotificationClient]
    cpu_seconds: float = 0.0


@contextmanager
def _visit(clients: Clients, users: Sequence[User], **options: Any) -> Iterator[Visit]:
    control = clients.server.control
    others = control.connected()
    used = control.cpu_seconds()
    visit = Visit(clients.connect(users, **options))
    yield visit
    visit.cpu_seconds = control.cpu_seconds() - used
    clients.drop(visit.clients)
    settle(control.connected, clients.timeout_seconds, settled=lambda left: left <= others)


def _sending_microseconds(users: Sequence[User], times: int) -> float:
    def send() -> None:
        for _ in range(times):
            notify(users, "Load")

    return thread_microseconds(send)

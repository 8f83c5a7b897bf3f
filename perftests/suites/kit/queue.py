"""The offline queues: replayed, and waited for, as acks are stored a little later."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from notifications.models import Delivery, DeliveryQuerySet
from perftests.load.clients.client import NotificationClient
from perftests.processes.waiting import settle

from .arrivals import Expected, last_arrival_ns
from .clients import Clients


@dataclass(frozen=True, slots=True)
class Replay:
    """Who had to get what, how long it took, and why not to trust that."""

    clients: list[NotificationClient]
    expected: Expected
    seconds: float
    doubt: str


def replay(
    clients: Clients,
    users: Sequence[AbstractBaseUser],
    queues: Sequence[Sequence[int]],
    *,
    concurrency: int = 100,
) -> Replay:
    """Let users connect for whom `queues` wait, until the last has everything or time is up."""
    with clients.swarm.watch() as watch:
        begun_ns = time.perf_counter_ns()
        connected = clients.connect(users, concurrency=concurrency)
        expected = list(zip(queues, connected, strict=True))
        clients.await_arrival(expected)
    return Replay(connected, expected, (last_arrival_ns(connected) - begun_ns) / 1e9, watch.doubt)


def count_queued(timeout_seconds: float, recipients: Collection[Any] | None = None) -> int:
    """How many deliveries still wait, once all acks are stored or time is up.

    Those of the `recipients` with these primary keys, or else of everybody.
    """
    return settle(_queued(recipients).count, timeout_seconds)


def await_acks(
    timeout_seconds: float,
    recipients: Collection[Any] | None = None,
    *,
    pause: Callable[[float], object] = time.sleep,
) -> None:
    """Wait until no delivery waits any more; raises `TimeoutError`."""
    if settle(_queued(recipients).exists, timeout_seconds, pause=pause):
        left = _queued(recipients).count()
        raise TimeoutError(f"The acks of {left} deliveries were not stored in time.")


def _queued(recipients: Collection[Any] | None) -> DeliveryQuerySet:
    queued = Delivery.objects.queued()
    return queued if recipients is None else queued.filter(recipient__in=recipients)

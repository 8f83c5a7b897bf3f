"""Messages as fast as they go, from the server to clients and back."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from notifications.models import Delivery
from perftests.load.clients.client import NotificationClient
from perftests.processes.waiting import settle

from ..kit.arrivals import Expected, last_arrival_ns
from ..kit.clients import Clients


@dataclass(frozen=True, slots=True)
class Delivered:
    """The `ids` that were sent to all, what each had to get with the warm-up, and how fast."""

    ids: list[int]
    expected: Expected
    per_second: float


def deliver(
    clients: Clients, receivers: Sequence[NotificationClient], pks: Sequence[int], each: int
) -> Delivered:
    """Send `each` notifications to all receivers, whose users have the keys `pks`."""
    warm = clients.warm_up(receivers, pks)
    sent = clients.server.control.notify(pks, count=each)
    expected = [([*warm, *sent.ids], receiver) for receiver in receivers]
    clients.await_arrival(expected)
    seconds = (last_arrival_ns(receivers) - sent.due_ns[0]) / 1e9
    per_second = each * len(receivers) / seconds
    return Delivered(sent.ids, expected, per_second)


def read_all(
    clients: Clients, readers: Sequence[NotificationClient], ids: Sequence[int]
) -> tuple[float, int]:
    """Let each read each notification, one in a frame.

    Returns the frames stored per second, and how many were not stored in time.
    """
    begun = time.perf_counter()
    for id_ in ids:
        for reader in readers:
            clients.swarm.call(reader.send, {"type": "read", "ids": [id_]})
    unread = Delivery.objects.unread().filter(notification__in=ids)
    settle(unread.exists, clients.timeout_seconds)
    seconds, lost = time.perf_counter() - begun, unread.count()
    return (len(ids) * len(readers) - lost) / seconds, lost

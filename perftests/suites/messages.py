"""Messages as fast as they go, from the server to clients and back."""

import time
from collections.abc import Sequence

from notifications.models import Delivery
from perftests.load.client import NotificationClient

from .support import POLL_SECONDS, LoadTestCase


def deliver(
    test: LoadTestCase,
    clients: Sequence[NotificationClient],
    pks: Sequence[int],
    each: int,
    prefix: str = "",
) -> tuple[list[int], float]:
    """Send `each` notifications to all clients; the ids, and deliveries per second.

    `prefix` is put before the names of the metrics of the accounting.
    """
    warm = test.warm_up(clients, pks)
    sent = test.control.notify(pks, count=each)
    expected = [([*warm, *sent.ids], client) for client in clients]
    test.await_arrival(expected)
    test.measure_accounting(expected, prefix)
    last_ns = max(client.arrived_ns[-1] for client in clients)
    return sent.ids, each * len(clients) / ((last_ns - sent.due_ns[0]) / 1e9)


def read_all(
    test: LoadTestCase, clients: Sequence[NotificationClient], ids: Sequence[int]
) -> float:
    """Let each client read each notification, one in a frame; frames stored per second.

    Records those that were not stored in time.
    """
    begun = time.perf_counter()
    for id_ in ids:
        for client in clients:
            test.swarm.call(client.send, {"type": "read", "ids": [id_]})
    unread = Delivery.objects.unread().filter(notification__in=ids)
    while unread.exists() and time.perf_counter() - begun < test.timeout_seconds:
        time.sleep(POLL_SECONDS)
    seconds, lost = time.perf_counter() - begun, unread.count()
    test.measure("read marks lost", lost, "marks", asked="== 0")
    return (len(ids) * len(clients) - lost) / seconds

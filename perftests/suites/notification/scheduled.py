"""How soon comes what is sent on a fixed schedule, or as soon as what was sent before has come."""

from collections.abc import Sequence
from typing import Any

from perftests.load.clients.client import NotificationClient
from perftests.load.server.control import Sent
from perftests.measure.stats import has_tail

from ..kit.arrivals import busy_doubt, latencies_ns, measure_latency
from ..kit.clients import Clients
from ..kit.contexts import Recorder


def measure_scheduled(
    recorder: Recorder, clients: Sequence[NotificationClient], sent: Sent, doubt: str
) -> None:
    """Record latencies since the commit and since it was due; `doubt` says why to trust neither."""
    goal = "< 50" if has_tail(len(sent.ids), 99) else ""
    for name, begun_ns, more_doubt in (
        ("commit to client", sent.committed_ns_of, ""),
        ("due to client", sent.due_ns_of, busy_doubt(sent)),
    ):
        measure_latency(
            recorder,
            name,
            latencies_ns(clients, begun_ns),
            sends=len(sent.ids),
            required_p50="< 20",
            goal_p99=goal,
            doubt=doubt or more_doubt,
        )


def send_one_by_one(
    clients: Clients,
    receivers: Sequence[NotificationClient],
    ids: list[int],
    pks: Sequence[Any],
    count: int,
) -> tuple[list[list[int]], str]:
    """Send so many to all, each when the one before has come, and add them to the `ids`.

    For each the time that it took to every receiver; and why not to trust these times.
    """
    latencies = []
    with clients.swarm.watch() as watch:
        for _ in range(count):
            sent = clients.server.control.notify(pks)
            ids += sent.ids
            clients.await_arrival([(ids, receiver) for receiver in receivers])
            latencies.append(latencies_ns(receivers, sent.committed_ns_of))
    return latencies, watch.doubt

"""How soon comes what is sent on a fixed schedule: since its commit, and since it was due."""

from collections.abc import Sequence

from perftests.load.clients.client import NotificationClient
from perftests.load.server.control import Sent
from perftests.measure.stats import has_tail

from ..kit.arrivals import busy_doubt, latencies_ns, measure_latency
from ..kit.contexts import Recorder


def measure_scheduled(
    recorder: Recorder, clients: Sequence[NotificationClient], sent: Sent, doubt: str
) -> None:
    """Record both latencies, where `doubt` says why neither can be trusted."""
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

"""Notifications that come late by themselves, and not because everything is late."""

import math
from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import itemgetter

from perftests.load.clients.client import NotificationClient

from ..contexts import Recorder

MARGIN_NS = 10_000_000
"""Whoever reads a thousand sockets in turn may note as much too late."""

REQUIRED = "< 0.3"


def measure_overtaken(
    recorder: Recorder,
    clients: Iterable[NotificationClient],
    committed_ns: Mapping[int, int],
    *,
    doubt: str = "",
) -> None:
    """Record the share of arrivals that came after those of later notifications.

    `committed_ns` has the moment of each commit by the notification's id. What stalls a server
    or a machine keeps everybody waiting, and in order. A notification that is found by the sweep
    alone, or whose hint was late, is overtaken by others on other sockets.
    """
    arrivals = [
        (committed_ns[id_], arrived_ns)
        for client in clients
        for id_, arrived_ns in zip(client.arrived_ids, client.arrived_ns, strict=True)
        if id_ in committed_ns
    ]
    share = 100 * count_overtaken(arrivals) / max(1, len(arrivals))
    recorder.measure("overtaken by later ones", share, "%", required=REQUIRED, doubt=doubt)


def count_overtaken(arrivals: Iterable[tuple[int, int]]) -> int:
    """How many of these pairs of a commit and an arrival came later than one committed since.

    Later by more than `MARGIN_NS`. Receivers of the same notification do not count among each
    other: a machine that stops in the middle of them for a moment would have one fault for each.
    """
    latest_first = groupby(sorted(arrivals, reverse=True), key=itemgetter(0))
    overtaken, earliest_ns = 0, math.inf
    for _, pairs in latest_first:
        moments = [arrived_ns for _, arrived_ns in pairs]
        overtaken += sum(moment > earliest_ns + MARGIN_NS for moment in moments)
        earliest_ns = min(earliest_ns, *moments)
    return overtaken

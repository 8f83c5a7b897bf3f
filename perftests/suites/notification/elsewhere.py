"""A sender in another process than the server's, which no hint in memory reaches."""

import multiprocessing
import time
from collections.abc import Sequence
from typing import Any

from channels.layers import get_channel_layer
from django.db import connection

from notifications.layers import InProcessChannelLayer
from perftests.load.clients.client import NotificationClient
from perftests.load.inside import sending
from perftests.load.schedule.shapes import constant, due_ns
from perftests.load.server.beside import join_site
from perftests.load.server.control import Control, Sent, turn
from perftests.load.server.process import server_environment
from perftests.measure.stats import has_tail

from ..kit.arrivals import latencies_ns, measure_latency
from ..kit.contexts import Recorder
from .workloads import Outside

SQLITE, REDIS = "SQLite", "a broker"

WARM_UP = 20

RESTING_SECONDS = 1.5
"""For a second after the last write the hub looks as often as ever."""

GOAL_P50 = {SQLITE: "<= 8", REDIS: "<= 3"}


def way() -> str:
    """How hubs hear of what another process commits; empty where only by the sweep."""
    if not isinstance(get_channel_layer(), InProcessChannelLayer):
        return REDIS
    return SQLITE if connection.vendor == "sqlite" else ""


def send_elsewhere(
    pks: Sequence[Any], load: Outside, timeout_seconds: float
) -> tuple[list[int], Sent]:
    """Send as the workload says, to its recipients in turn, from a process of its own.

    Also the ids of what it has sent to the first of them before, until it was warm. Raises
    `multiprocessing.TimeoutError`; no process is left behind.
    """
    schedule_ns = due_ns(constant(load.rate, seconds=load.seconds), 0)
    audiences = [turn(pks, load.each, number) for number in range(len(schedule_ns))]
    limit_seconds = timeout_seconds + load.seconds
    context = multiprocessing.get_context("spawn")
    with context.Pool(1, join_site, (server_environment(),)) as senders:
        warm_up, sent = (
            Sent(**senders.apply_async(sending.notify_all, arguments).get(limit_seconds))
            for arguments in (
                ([pks[:1]] * WARM_UP, None, {"title": "Warm-up"}),
                (audiences, schedule_ns, {"title": "Load"}),
            )
        )
    return warm_up.ids, sent


def measure_looking(recorder: Recorder, control: Control, seconds: float) -> None:
    """Record what the server, which has one client, costs while nothing happens."""
    time.sleep(RESTING_SECONDS)
    before = control.cpu_seconds()
    time.sleep(seconds)
    share = (control.cpu_seconds() - before) / seconds * 100
    recorder.measure("looking, share of a core", share, "%", required="< 5", goal="< 0.5")


def measure_from_outside(
    recorder: Recorder, clients: Sequence[NotificationClient], sent: Sent, doubt: str
) -> None:
    """Record the time from commit to client."""
    heard = way()
    if not heard:
        recorder.note("Nothing tells the hub of other processes here but its sweep.")
    tail = has_tail(len(sent.ids), 99)
    measure_latency(
        recorder,
        "commit to client",
        latencies_ns(clients, sent.committed_ns_of),
        sends=len(sent.ids),
        required_p50="< 20" if heard else "",
        goal_p50=GOAL_P50.get(heard, ""),
        goal_p99="< 60" if heard and tail else "",
        doubt=doubt,
    )

"""What has arrived at the clients: whether all of it, and how soon."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TypeVar

from perftests.load.clients.accounting import Accounting, Receiver, account
from perftests.load.clients.client import NotificationClient
from perftests.load.server.control import Sent
from perftests.measure.histogram import LatencyHistogram
from perftests.measure.stats import has_tail, samples_for

from .contexts import Recorder

MOST_BEHIND_NS = 100_000_000
LEAST_OFFERED = 0.95
MOST_BUSY = 0.8
"""Of a sender's time, as of that of what makes the load."""

ATTEMPTS = 3

T = TypeVar("T")

Expected = Sequence[tuple[Collection[int], Receiver]]
"""Each client with the ids of all notifications that it has to get, warm-up included."""


def measure_accounting(
    recorder: Recorder,
    expected: Expected,
    prefix: str = "",
    *,
    cut: bool = False,
    in_order: bool = True,
) -> Accounting:
    """Record what arrived against what had to: nothing may be missing or arrive unasked.

    What the server sends twice, the client drops by its id, so nobody sees it twice. It has
    to send again what was not acknowledged when connections were `cut`. Unless they were, each
    client gets its notifications `in_order`, where all of one user's come from one sender.
    """
    found = account(expected)
    measure, unit = recorder.measure, "deliveries"
    once = "" if cut else "== 0"
    order = once if in_order else ""
    measure(f"{prefix}expected", found.expected, unit)
    measure(f"{prefix}missing", found.missing, unit, required="== 0")
    measure(f"{prefix}unexpected", found.unexpected, unit, required="== 0")
    measure(f"{prefix}sent twice", found.duplicated, unit, better="lower", required=once)
    measure(f"{prefix}out of order", found.out_of_order, unit, better="lower", required=order)
    measure(f"{prefix}reach", found.reach, "%", required="== 100")
    return found


def measure_latency(
    recorder: Recorder,
    name: str,
    nanoseconds: Sequence[int],
    *,
    sends: int,
    required_p50: str = "",
    goal_p50: str = "",
    goal_p99: str = "",
    doubt: str = "",
) -> None:
    """Record median, p99 and p99.9 in ms, and the whole distribution.

    `sends` is how many of the samples are independent: all receivers of one notification wait for
    the same commit, hint and loop, so they count as one.
    """
    histogram = LatencyHistogram.from_nanoseconds(nanoseconds)
    recorder.record_histogram(name, histogram)
    for q, required, goal in ((50, required_p50, goal_p50), (99, "", goal_p99), (99.9, "", "")):
        recorder.measure(
            f"{name} p{q:g}",
            histogram.percentile(q) if has_tail(histogram.count, q) else None,
            "ms",
            better="lower",
            required=required,
            goal=goal,
            doubt=sends_doubt(sends, q) or doubt,
        )


def sends_doubt(sends: int, q: float) -> str:
    """Why percentile `q` of so many sends cannot be trusted; empty when it can."""
    if has_tail(sends, q):
        return ""
    return f"too few sends: {sends:,}, where p{q:g} takes {samples_for(q):,}"


def last_arrival_ns(clients: Iterable[NotificationClient]) -> int:
    """When the last of all came; now, where nothing did."""
    came_ns = (client.arrived_ns[-1] for client in clients if client.arrived_ns)
    return max(came_ns, default=time.perf_counter_ns())


def latencies_ns(clients: Iterable[NotificationClient], begun_ns: Mapping[int, int]) -> list[int]:
    """From the moment `begun_ns` has for a notification's id to each client's arrival of it."""
    # Not below 0: another thread of the server may see rows before their sender notes the time.
    return [
        max(0, arrived_ns - begun_ns[id_])
        for client in clients
        for id_, arrived_ns in zip(client.arrived_ids, client.arrived_ns, strict=True)
        if id_ in begun_ns
    ]


def undisturbed(measure: Callable[[], tuple[T, str]]) -> tuple[T, str]:
    """What `measure` returns: something measured, and why not to trust it.

    While there is a reason it is measured again, a few times: what disturbs a machine passes. A
    number that misses its target without a doubt is none to be measured again.
    """
    for _ in range(ATTEMPTS):
        measured, doubt = measure()
        if not doubt:
            break
    return measured, doubt


def offered_doubt(sent: Sent) -> str:
    """Why numbers of a fixed schedule cannot be trusted; empty when the sender kept to it.

    In every second: what was due in it is committed a tenth of a second after its last one was due.
    Over all of it, a sender that stood still for seconds would have caught up.
    """
    for second, (due_ns, committed_ns, _) in _by_second(sent):
        offered = sum(ns <= due_ns[-1] + MOST_BEHIND_NS for ns in committed_ns)
        if offered < LEAST_OFFERED * len(due_ns):
            return f"only {offered} of {len(due_ns)} sends of second {second} were made in time"
    return ""


def busy_doubt(sent: Sent) -> str:
    """Why times since a send was due cannot be trusted; empty when the sender had time to spare.

    A send that waits for the one before tells how many the machine can take, and no latency.
    """
    for second, (due_ns, committed_ns, begun_ns) in _by_second(sent):
        if len(due_ns) < 2:
            continue
        period_ns = (due_ns[-1] - due_ns[0]) / (len(due_ns) - 1)
        busy = (sum(committed_ns) - sum(begun_ns)) / (period_ns * len(due_ns))
        if busy > MOST_BUSY:
            return f"the sender was busy for {min(busy, 1):.0%} of second {second}"
    return ""


def _by_second(sent: Sent) -> Iterator[tuple[int, tuple[tuple[int, ...], ...]]]:
    """For each second, from 1 on, when its sends were due, committed, and could begin."""
    moments = zip(sent.due_ns, sent.committed_ns, sent.begun_ns, strict=True)
    by_second = groupby(moments, key=lambda moment: (moment[0] - sent.due_ns[0]) // 10**9)
    for second, group in by_second:
        yield second + 1, tuple(zip(*group, strict=True))

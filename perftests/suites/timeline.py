"""A load that grows in steps and ends in a burst, with both sides watched all the time."""

import os
from collections.abc import Sequence

from perftests.load.client import NotificationClient
from perftests.measure.resources import ResourceMonitor
from perftests.measure.units import megabytes

from .overhead import Instruments, measure_overhead
from .support import Expected, LoadTestCase

STEPS = ((0.25, 10), (0.5, 10), (1.0, 10), (1.0, 20))
"""The share of the clients that is connected, and the notifications per second for each."""

SPARE_DESCRIPTORS = 64
"""What either side has open besides its connections: the database, logs, sockets of its own."""


def watch_load(test: LoadTestCase, clients: int, seconds: float) -> Sequence[ResourceMonitor]:
    """Keep up each step for so long, and account for everything; the server's and own monitor."""
    monitors = (
        ResourceMonitor(test.server.pid),
        ResourceMonitor(os.getpid(), name="client", tree=False),
    )
    instruments = Instruments(test.control)
    with instruments.used(), monitors[0], monitors[1]:
        expected = _load(test, clients, seconds)
        test.await_arrival(expected)
    test.measure_accounting(expected)
    measure_overhead(test, monitors, instruments)
    return monitors


def _load(test: LoadTestCase, count: int, seconds: float) -> Expected:
    users = test.create_users(count)
    clients: list[NotificationClient] = []
    received: list[list[int]] = [[] for _ in users]
    for share, per_second in STEPS:
        connected = round(share * count)
        clients += test.connect(users[len(clients) : connected])
        pks = [user.pk for user in users[:connected]]
        number = round(per_second * seconds)
        sent = test.control.notify(pks, count=number, per_second=per_second)
        for ids in received[:connected]:
            ids += sent.ids
    return list(zip(received, clients, strict=True))


def measure_resources(test: LoadTestCase, monitor: ResourceMonitor, connections: int) -> None:
    """Record every series of a monitor, and the peaks as metrics."""
    name = monitor.name
    series = {each.name.removeprefix(f"{name} "): each for each in monitor.series()}
    test.record_series(*series.values())
    test.measure(f"{name}, series recorded", len(series), "", asked="== 5")
    test.measure(f"{name}, CPU time", monitor.cpu_seconds, "s", better="lower")
    peak = megabytes(monitor.peak_rss_bytes)
    test.measure(f"{name}, peak RSS", peak, "MB", better="lower")
    most_threads, most_files = (max(series[w].values) for w in ("threads", "file descriptors"))
    test.measure(f"{name}, most threads", most_threads, "", better="lower")
    goal = f"<= {connections + SPARE_DESCRIPTORS}"
    test.measure(f"{name}, most file descriptors", most_files, "", ours=goal)

"""A load that grows in steps and ends in a burst, with both sides watched all the time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.contrib.auth.base_user import AbstractBaseUser

from perftests.load.clients.client import NotificationClient
from perftests.measure.resources import ResourceMonitor
from perftests.measure.units import megabytes

from ..kit.arrivals import Expected
from ..kit.clients import Clients
from ..kit.contexts import Recorder
from .overhead import Instruments

STEPS = ((0.25, 10), (0.5, 10), (1.0, 10), (1.0, 20))
"""The share of the clients that is connected, and the notifications per second for each."""

SPARE_DESCRIPTORS = 64
"""What either side has open besides its connections: the database, logs, sockets of its own."""


@dataclass(frozen=True, slots=True)
class WatchedLoad:
    """The monitors of the server and of this process, the instruments, and who had to get what."""

    monitors: Sequence[ResourceMonitor]
    instruments: Instruments
    expected: Expected


def watch_load(clients: Clients, users: Sequence[AbstractBaseUser], seconds: float) -> WatchedLoad:
    """Connect users step by step, and keep up the load of each step for so long."""
    monitors = server, client = clients.server.monitors()
    instruments = Instruments(clients.server.control)
    with instruments.used(), server, client:
        expected = _load(clients, users, seconds, server.begin)
        clients.await_arrival(expected)
    return WatchedLoad(monitors, instruments, expected)


def _load(
    clients: Clients,
    users: Sequence[AbstractBaseUser],
    seconds: float,
    begin: Callable[[str], None],
) -> Expected:
    connected: list[NotificationClient] = []
    received: list[list[int]] = [[] for _ in users]
    for share, per_second in STEPS:
        count = round(share * len(users))
        begin(f"{count} × {per_second}/s")
        connected += clients.connect(users[len(connected) : count])
        pks = [user.pk for user in users[:count]]
        number = round(per_second * seconds)
        sent = clients.server.control.notify(pks, count=number, per_second=per_second)
        for ids in received[:count]:
            ids += sent.ids
    return list(zip(received, connected, strict=True))


def measure_resources(recorder: Recorder, monitor: ResourceMonitor, connections: int) -> None:
    """Record every series of a monitor, and the peaks as metrics."""
    name = monitor.name
    series = {each.name.removeprefix(f"{name} "): each for each in monitor.series()}
    recorder.record_series(*series.values())
    recorder.measure(f"{name}, series recorded", len(series), "", required="== 5")
    recorder.measure(f"{name}, CPU time", monitor.cpu_seconds, "s", better="lower")
    peak = megabytes(monitor.peak_rss_bytes)
    recorder.measure(f"{name}, peak RSS", peak, "MB", better="lower")
    most_threads, most_files = (max(series[w].values) for w in ("threads", "file descriptors"))
    recorder.measure(f"{name}, most threads", most_threads, "", better="lower")
    bound = f"<= {connections + SPARE_DESCRIPTORS}"
    recorder.measure(f"{name}, most file descriptors", most_files, "", required=bound)

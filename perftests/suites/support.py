"""What the suites with a server have in common: a server, its users, a swarm, the accounting."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.test import override_settings

from notifications.tickets import make_ticket
from perftests.conf import configuration
from perftests.load.accounting import Accounting, Receiver, account
from perftests.load.client import NotificationClient
from perftests.load.control import Control, Sent
from perftests.load.server import ServerProcess
from perftests.load.swarm import Swarm
from perftests.measure.histogram import LatencyHistogram
from perftests.measure.resources import ResourceMonitor
from perftests.measure.stats import has_tail
from perftests.testcases import PerformanceTestCase

POLL_SECONDS = 0.01

Expected = Sequence[tuple[Collection[int], Receiver]]
"""Each client with the ids of all notifications that it has to get, warm-up included."""


@contextmanager
def private_layer() -> Iterator[None]:
    """Let this process and the servers it starts share a channel layer that nobody else hears."""
    layers = getattr(settings, "CHANNEL_LAYERS", {})
    layer = layers.get("default", {})
    config = layer.get("CONFIG", {})
    if "hosts" in config:
        config = {**config, "prefix": f"perf-{os.getpid()}"}
        layers = {**layers, "default": {**layer, "CONFIG": config}}
    with override_settings(CHANNEL_LAYERS=layers):
        yield


class LoadTestCase(PerformanceTestCase):
    """Performance tests of a live server: one process for the class, a swarm for each test."""

    server: ClassVar[ServerProcess]
    server_environment: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.enterClassContext(private_layer())
        cls.server = cls.enterClassContext(
            ServerProcess(configuration.SERVER, environment=cls.server_environment)
        )

    def setUp(self) -> None:
        super().setUp()
        self.server.check_running()
        self.control = Control(self.server.http_url)
        # Runs when the swarm is closed: no write of the server may meet the flush of the tables.
        self.addCleanup(self.wait_until_server_is_empty)
        self.swarm = self.enterContext(Swarm(self.server.websocket_url))
        self.addCleanup(self.stop_sending)

    def connect(
        self, users: Iterable[AbstractBaseUser], *, concurrency: int = 100
    ) -> list[NotificationClient]:
        """A connected client for each of `users`, in their order; fails the test unless all are."""
        tickets = [make_ticket(user) for user in users]
        clients = self.swarm.connect(tickets, concurrency=concurrency)
        self.assertEqual(len(clients), len(tickets), f"not connected: {dict(self.swarm.failures)}")
        return clients

    def warm_up(self, clients: Sequence[NotificationClient], pks: Sequence[int]) -> list[int]:
        """Send a few notifications that no latency counts; their ids, for the accounting."""
        ids = self.control.notify(pks, "Warm-up", count=5).ids
        self.await_arrival([(ids, client) for client in clients])
        return ids

    def await_arrival(self, expected: Expected) -> None:
        """Wait until everything has arrived, or time is up: what is missing then is accounted."""
        counts = [(client, len(ids)) for ids, client in expected]

        def arrived() -> bool:
            return all(len(client.arrived_ids) >= count for client, count in counts)

        with suppress(TimeoutError):
            self.swarm.wait_until(arrived, self.timeout_seconds, "all notifications")

    def measure_accounting(
        self, expected: Expected, prefix: str = "", *, cut: bool = False, in_order: bool = False
    ) -> Accounting:
        """Record what arrived against what had to: nothing may be missing or arrive unasked.

        What the server sends twice, the client drops by its id, so nobody sees it twice. It has
        to send again what was not acknowledged when connections were `cut`. With `in_order` it
        also counts that a notification arrived after a newer one.
        """
        accounting = account(expected)
        unit = "deliveries"
        once = "" if cut else "== 0"
        self.measure(f"{prefix}expected", accounting.expected, unit)
        self.measure(f"{prefix}missing", accounting.missing, unit, asked="== 0")
        self.measure(f"{prefix}unexpected", accounting.unexpected, unit, asked="== 0")
        self.measure(f"{prefix}sent twice", accounting.duplicated, unit, better="lower", ours=once)
        order = "== 0" if in_order else ""
        late = accounting.out_of_order
        self.measure(f"{prefix}out of order", late, unit, better="lower", ours=order)
        self.measure(f"{prefix}reach", accounting.reach, "%", asked="> 95", ours="== 100")
        return accounting

    def measure_latency(
        self,
        name: str,
        nanoseconds: Sequence[int],
        *,
        asked_p99: str = "",
        ours_p99: str = "",
        doubt: str = "",
    ) -> None:
        """Record median, p99 and p99.9 in ms, and the whole distribution."""
        histogram = LatencyHistogram.from_nanoseconds(nanoseconds)
        self.record_histogram(name, histogram)
        for q, asked, ours in ((50, "", ""), (99, asked_p99, ours_p99), (99.9, "", "")):
            few = "" if has_tail(histogram.count, q) else f"only {histogram.count} samples"
            self.measure(
                f"{name} p{q:g}",
                None if few else histogram.percentile(q),
                "ms",
                better="lower",
                asked=asked,
                ours=ours,
                doubt=few or doubt,
            )

    @contextmanager
    def monitored(self) -> Iterator[ResourceMonitor]:
        """Record the resources of server and client while the block runs; yields the server's."""
        client = ResourceMonitor(os.getpid(), name="client", tree=False)
        with ResourceMonitor(self.server.pid) as server, client:
            yield server
        self.record_series(*server.series(), *client.series())

    def stop_sending(self) -> None:
        """After a failure or Ctrl-C the server would go on with what it was told to send."""
        with suppress(OSError):  # the server has died
            self.control.stop_sending()

    def wait_until_server_is_empty(self) -> None:
        """Wait until the server has seen every client leave; raises `TimeoutError`."""
        self.control.await_empty(self.timeout_seconds)


def offered_doubt(sent: Sent) -> str:
    """Why numbers of a fixed schedule cannot be trusted; empty when the sender kept to it."""
    planned_ns = sent.due_ns[-1] - sent.due_ns[0]
    share = planned_ns / (sent.committed_ns[-1] - sent.due_ns[0])
    return "" if share >= 0.99 else f"only {100 * share:.0f} % of the offered rate was reached"


def latencies_ns(clients: Iterable[NotificationClient], begun_ns: Mapping[int, int]) -> list[int]:
    """From the moment `begun_ns` has for a notification's id to each client's arrival of it."""
    # Not below 0: another thread of the server may see rows before their sender notes the time.
    return [
        max(0, arrived_ns - begun_ns[id_])
        for client in clients
        for id_, arrived_ns in zip(client.arrived_ids, client.arrived_ns, strict=True)
        if id_ in begun_ns
    ]

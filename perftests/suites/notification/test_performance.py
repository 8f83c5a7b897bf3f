"""Rows N1 to N9 but N4: notifications in volume, under load and beyond it, and how soon."""

import time
from functools import partial
from itertools import chain

from channels.layers import get_channel_layer

from notifications.layers import InProcessChannelLayer
from notifications.models import Delivery
from notifications.send import notify
from notifications.store.stats import statistics
from perftests.load.server.control import Sent, deal
from perftests.load.server.process import ServerProcess
from perftests.measure.metrics import PerformanceMetrics
from perftests.measure.resources import rss_bytes
from perftests.measure.series import Series
from perftests.measure.stats import median
from perftests.measure.units import megabytes, milliseconds
from perftests.workloads import workload

from ..kit.arrivals import measure_accounting, measure_latency, undisturbed
from ..kit.case import LoadTestCase
from ..kit.clients import Clients
from ..kit.counted.overtaking import measure_overtaken
from ..kit.counted.settled import measure_settled
from ..kit.counted.table import row
from ..kit.counted.wire import Wire, measure_wire
from ..kit.crowd import create_crowd
from ..kit.rows import count_statements
from ..kit.server import ServerUnderLoad
from .audiences import create_group, measure_audiences
from .elsewhere import measure_from_outside, measure_looking, send_elsewhere
from .overload import Overload
from .scaling import ConnectedHub, ConnectedServer, compare_costs
from .scheduled import measure_scheduled, send_one_by_one
from .senders import Sendings, measure_senders, send_in_turn, send_to_each
from .workloads import (
    Connections,
    Fanout,
    Latency,
    Outside,
    Senders,
    Stages,
    Statistics,
    Volume,
)

CALLS_ALONE = 100

MOST_CALLS = "<= 25"
MOST_CALLS_ON_REDIS = "<= 50"
"""What waits for a Redis is resumed as often as something comes from it."""


class NotificationPerformanceTests(LoadTestCase):
    suite = "notification"

    @row("N1")
    @workload(Volume)
    def test_notifications_are_delivered_in_volume(self, load: Volume) -> None:
        """High volume: many notifications in batches, and one to many recipients"""
        users = self.create_users(load.users)
        clients = self.clients.connect(users)
        warm_up = self.clients.warm_up(clients, [user.pk for user in users])
        sendings, seconds, rates = Sendings(), [], []
        with self.server.monitored(self), sendings.metrics:
            begun = time.perf_counter()
            for number in range(load.batches):
                rates.append(send_in_turn(sendings, users, load.each))
                seconds.append(time.perf_counter() - begun)
                self.progress("", number + 1, load.batches, value=rates[-1], unit="notifications/s")
        expected = [
            (warm_up + sendings.ids[user], client)
            for user, client in zip(users, clients, strict=True)
        ]
        self.clients.await_arrival(expected)
        measure_accounting(self, expected)
        measure_senders(self, sendings.metrics, required_mean="< 100", goal="> 1000")
        self.record_series(Series("notify", "notifications/s", tuple(seconds), tuple(rates)))
        measure_audiences(self, create_crowd(users[0], load.recipients))

    @row("N2")
    @workload(Senders)
    def test_concurrent_users_get_all_their_notifications(self, load: Senders) -> None:
        """Concurrent users: twenty senders at once, everybody connected"""
        users = self.create_users(load.users)
        clients = self.clients.connect(users)
        warm_up = self.clients.warm_up(clients, [user.pk for user in users])
        alone = Sendings()
        with self.server.monitored(self):
            rate_alone = send_in_turn(alone, users, CALLS_ALONE)
            sendings = send_to_each(users, load.each, threads=load.senders)
            expected = [
                (warm_up + alone.ids[user] + sendings.ids[user], client)
                for user, client in zip(users, clients, strict=True)
            ]
            self.clients.await_arrival(expected)
        tabs = [(user.pk, client) for user, client in zip(users, clients, strict=True)]
        measure_settled(self, tabs, self.timeout_seconds)
        measure_accounting(self, expected)
        measure_senders(self, sendings.metrics)
        rate = sendings.metrics.throughput
        slower = rate_alone / rate if rate else None
        self.measure("a call at once with others, to one alone", slower, "×", goal="<= 3")
        connected = sum(client.connected for client in clients)
        self.measure("users connected", connected, "users", required=f"== {len(users)}")

    @row("N3")
    @workload(Connections)
    def test_a_message_costs_the_same_however_many_are_connected(self, load: Connections) -> None:
        """Connection scaling: what a message costs with few and with many connections"""
        few, many, pairs = load.few, load.few * load.times, load.pairs
        users = self.create_users(few + many)
        process = self.enterContext(ServerProcess(self.server_name))
        other = ServerUnderLoad(process, self.timeout_seconds)
        small = ConnectedServer(Clients(other, self.swarm), users[:few])
        large = ConnectedServer(self.clients, users[few:])
        with self.server.monitored(self):
            costs = compare_costs(self, self.swarm, small, large, recipients=few, pairs=pairs)
        costs.measure(self, "message")
        for name, server, size in (("few", small, few), ("many", large, many)):
            self.measure(f"{name} connected", server.connected, "", required=f"== {size}")
            measure_accounting(self, server.expected, f"{name}: ")
        hubs = [ConnectedHub(part, self.timeout_seconds) for part in (users[:few], users[few:])]
        with hubs[0] as small_hub, hubs[1] as large_hub:
            costs = compare_costs(
                self, self.swarm, small_hub, large_hub, recipients=few, pairs=pairs
            )
            calls = [hub.calls(few) for hub in (small_hub, large_hub)]
            missing = small_hub.missing + large_hub.missing
        costs.measure(self, "mock")
        in_process = isinstance(get_channel_layer(), InProcessChannelLayer)
        limit = MOST_CALLS if in_process else MOST_CALLS_ON_REDIS
        self.measure("mock: calls for a message", calls[1], "calls", required=limit)
        growth = calls[1] / calls[0]
        self.measure("mock: calls, many to few", growth, "×", required="<= 1.2")
        self.measure("mock: missing", missing, "deliveries", required="== 0")
        self.note(
            f"Few are {few} connections, many {many}. A message is CPU time of the server, which "
            "stores it, pushes it and writes its ack; mock is the hub alone, without a network."
        )

    @row("N5")
    @workload(Stages)
    def test_delivery_degrades_gracefully_under_overload_and_recovers(self, load: Stages) -> None:
        """Overload: up to eight times what the server can take, and the way back"""
        users = self.create_users(load.users)
        members = self.clients.connect(users)
        overload = Overload(self.clients, members, create_group(users))
        with self.server.monitored(self) as server, self.swarm.watch() as watch:
            overload.measure_capacity(load.seconds)
            before = rss_bytes(self.server.pid)
            overload.run_stages(self, load.seconds, server.begin)
            recovered_after = overload.recover(load.seconds)
        overload.measure_stages(self)
        measure_accounting(self, overload.expected)
        self.measure("most behind", overload.behind, "notifications", better="lower")
        growth = megabytes(max(0, server.peak_rss_bytes - before))
        self.measure("memory growth", growth, "MB", goal="< 32")
        self.measure("recovered after", recovered_after, "s", goal="<= 5", doubt=watch.doubt)
        self.note(
            "Senders and server share the database, so beyond the capacity notify itself takes "
            "longer; latencies count from when a notification was due, not from when it was sent."
        )

    @row("N6")
    @workload(Statistics)
    def test_statistics_of_all_deliveries_are_cheap(self, load: Statistics) -> None:
        """Statistics: counts over all deliveries"""
        [template] = self.create_users(1)
        crowd = create_crowd(template, load.users)
        read = notify(crowd, "Load")
        Delivery.objects.filter(notification=read).mark_read()
        queries_before = count_statements(statistics)
        for _ in range(load.notifications - 1):
            notify(crowd, "Load")
        metrics = PerformanceMetrics()
        for _ in range(10):
            with metrics.time():
                counted = statistics()
        stored = Delivery.objects.count()
        self.measure("deliveries", stored, "deliveries")
        self.measure("counted", counted.deliveries, "deliveries", required=f"== {stored}")
        self.measure("statistics", metrics.summary().median, "ms", goal="< 50")
        queries = count_statements(statistics)
        self.measure("queries", queries, "queries", better="lower")
        self.measure(
            "more queries for more rows", queries - queries_before, "queries", required="== 0"
        )

    @row("N7")
    @workload(Latency)
    def test_latency_stays_low_under_a_steady_load(self, load: Latency) -> None:
        """End-to-end latency: a fixed schedule, from commit to client"""
        users = self.create_users(load.sockets)
        pks = [user.pk for user in users]
        clients = self.clients.connect(users)
        warm_up = self.clients.warm_up(clients, pks)
        wire = Wire.read(clients)
        ids: list[list[int]] = [list(warm_up) for _ in users]
        expected = list(zip(ids, clients, strict=True))

        def send() -> Sent:
            count = round(load.seconds * load.rate)
            notify = self.server.control.notify
            sent = notify(pks, count=count, per_second=load.rate, each=load.each)
            deal(sent.ids, ids, load.each)
            return sent

        with self.server.monitored(self):
            sent, doubt = self.clients.await_sent(send, expected)
        measure_wire(self, clients, wire)
        measure_settled(self, list(zip(pks, clients, strict=True)), self.timeout_seconds)
        measure_accounting(self, expected)
        measure_overtaken(self, clients, sent.committed_ns_of, doubt=doubt)
        measure_scheduled(self, clients, sent, doubt)

    @row("N8")
    @workload(Fanout)
    def test_one_notification_reaches_many_at_once(self, load: Fanout) -> None:
        """Fan-out: one notification to everybody connected"""
        users = self.create_users(load.users)
        pks = [user.pk for user in users]
        clients = self.clients.connect(users)
        ids = self.clients.warm_up(clients, pks)
        one_by_one = partial(send_one_by_one, self.clients, clients, ids, pks, load.notifications)
        with self.server.monitored(self):
            latencies, doubt = undisturbed(one_by_one)
        measure_accounting(self, [(ids, client) for client in clients])
        lasts = [milliseconds(max(ns)) for ns in latencies]
        spreads = [milliseconds(max(ns) - min(ns)) for ns in latencies]
        self.measure("slowest last receiver", max(lasts), "ms", required="< 1000", doubt=doubt)
        required = self.scaled(smoke="< 150", standard="< 1000", extended="< 1000")
        last = median(lasts)
        self.measure("last receiver", last, "ms", required=required, goal="< 150", doubt=doubt)
        self.measure("first to last", median(spreads), "ms", better="lower", doubt=doubt)
        everything = list(chain(*latencies))
        measure_latency(self, "commit to client", everything, sends=len(lasts), doubt=doubt)

    @row("N9")
    @workload(Outside)
    def test_notifications_of_another_process_come_as_soon(self, load: Outside) -> None:
        """Sent from outside: another process sends on a fixed schedule, from commit to client"""
        users = self.create_users(load.sockets)
        pks = [user.pk for user in users]
        clients = self.clients.connect(users[:1])
        warm_up = self.clients.warm_up(clients, pks[:1])
        measure_looking(self, self.server.control, load.idle)
        clients += self.clients.connect(users[1:])
        ids: list[list[int]] = [warm_up, *([] for _ in users[1:])]
        expected = list(zip(ids, clients, strict=True))

        def send() -> Sent:
            sent_before, sent = send_elsewhere(pks, load, self.timeout_seconds)
            ids[0] += sent_before
            deal(sent.ids, ids, load.each)
            return sent

        with self.server.monitored(self):
            sent, doubt = self.clients.await_sent(send, expected)
        measure_settled(self, list(zip(pks, clients, strict=True)), self.timeout_seconds)
        measure_accounting(self, expected)
        measure_from_outside(self, clients, sent, doubt)

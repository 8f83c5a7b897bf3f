"""Rows N1 to N8: notifications in volume, under load and beyond it, and how long they take."""

import time
from collections.abc import Sequence

from django.contrib.auth.models import Group, User

from notifications.models import Delivery
from notifications.send import notify
from notifications.stats import statistics
from perftests.load.control import turn
from perftests.load.server import ServerProcess
from perftests.measure.metrics import PerformanceMetrics
from perftests.measure.resources import rss_bytes
from perftests.measure.results import Series
from perftests.measure.stats import median
from perftests.measure.units import megabytes, milliseconds
from perftests.testcases import row

from .crowd import create_crowd, measure_audiences
from .overload import Overload
from .rows import count_statements
from .scaling import ConnectedHub, ConnectedServer, measure_costs
from .senders import Sendings, measure_senders, send_in_turn, send_to_each
from .support import LoadTestCase, latencies_ns, offered_doubt


class NotificationPerformanceTests(LoadTestCase):
    suite = "notification"

    @row("N1")
    def test_it_delivers_in_volume(self) -> None:
        """High volume: many notifications in batches, and one to many recipients"""
        users = self.create_users(20)
        clients = self.connect(users)
        warm_up = self.warm_up(clients, [user.pk for user in users])
        batches = self.scaled(smoke=3, standard=10, extended=100)
        sendings, seconds, rates = Sendings(), [], []
        with self.monitored(), sendings.metrics:
            begun = time.perf_counter()
            for number in range(batches):
                rates.append(send_in_turn(sendings, users, 100))
                seconds.append(time.perf_counter() - begun)
                self.progress(f"{rates[-1]:,.0f} notifications/s", number + 1, batches)
        expected = [
            (warm_up + sendings.ids[user], client)
            for user, client in zip(users, clients, strict=True)
        ]
        self.await_arrival(expected)
        self.measure_accounting(expected)
        measure_senders(self, sendings.metrics, ours="> 1000")
        self.record_series(Series("notify", "notifications/s", tuple(seconds), tuple(rates)))
        size = self.scaled(smoke=10_000, standard=100_000, extended=1_000_000)
        measure_audiences(self, create_crowd(users[0], size))

    @row("N2")
    def test_it_serves_concurrent_users(self) -> None:
        """Concurrent users: twenty senders at once, everybody connected"""
        users = self.create_users(self.scaled(smoke=20, standard=200, extended=200))
        clients = self.connect(users)
        warm_up = self.warm_up(clients, [user.pk for user in users])
        with self.monitored():
            sendings = send_to_each(users, 25, threads=20)
            expected = [
                (warm_up + sendings.ids[user], client)
                for user, client in zip(users, clients, strict=True)
            ]
            self.await_arrival(expected)
        self.measure_accounting(expected)
        measure_senders(self, sendings.metrics)
        # Twenty are enough to see that it works; the goal is for the full workload.
        goal = self.scaled(smoke="", standard=">= 200", extended=">= 200")
        connected = sum(client.connected for client in clients)
        self.measure("users connected", connected, "users", asked=">= 20", ours=goal)

    @row("N3")
    def test_a_message_costs_the_same_however_many_are_connected(self) -> None:
        """Connection scaling: what a message costs with few and with many connections"""
        few, many = self.scaled(smoke=(20, 200), standard=(100, 1000), extended=(100, 1000))
        pairs = self.scaled(smoke=5, standard=7, extended=15)
        users = self.create_users(few + many)
        other = self.enterContext(ServerProcess(self.server_name))
        small = ConnectedServer(self, other, users[:few])
        large = ConnectedServer(self, self.server, users[few:])
        with self.monitored():
            measure_costs(self, "message", small, large, recipients=few, pairs=pairs)
        for name, server, size in (("few", small, few), ("many", large, many)):
            self.measure(f"{name} connected", server.connected, "", asked=f"== {size}")
            self.measure_accounting(server.expected, f"{name}: ")
        hubs = ConnectedHub(self, users[:few]), ConnectedHub(self, users[few:])
        with hubs[0] as small_hub, hubs[1] as large_hub:
            measure_costs(self, "mock", small_hub, large_hub, recipients=few, pairs=pairs)
            missing = small_hub.missing + large_hub.missing
        self.measure("mock: missing", missing, "deliveries", asked="== 0")
        self.note(
            f"Few are {few} connections, many {many}. A message is CPU time of the server, which "
            "stores it, pushes it and writes its ack; mock is the hub alone, without a network."
        )

    @row("N4")
    def test_a_queue_arrives_whole_once_and_in_order(self) -> None:
        """Queue management: many have a queue and all connect at once"""
        users = self.create_users(self.scaled(smoke=20, standard=50, extended=200))
        group = create_group(users)
        ids = [notify(group, "Load").pk for _ in range(200)]
        queued = Delivery.objects.queued().count()
        with self.monitored(), self.swarm.watch() as watch:
            begun_ns = time.perf_counter_ns()
            clients = self.connect(users)
            expected = [(ids, client) for client in clients]
            self.await_arrival(expected)
        self.measure("queued", queued, "deliveries", asked=f"== {len(ids) * len(users)}")
        accounting = self.measure_accounting(expected, in_order=True)
        seconds = (max(client.arrived_ns[-1] for client in clients) - begun_ns) / 1e9
        rate = accounting.received / seconds
        self.measure("replayed", rate, "deliveries/s", ours=">= 10000", doubt=watch.doubt)

    @row("N5")
    def test_it_degrades_gracefully_and_recovers(self) -> None:
        """Overload: up to eight times what the server can take, and the way back"""
        users = self.create_users(self.scaled(smoke=10, standard=20, extended=100))
        seconds = self.scaled(smoke=0.2, standard=0.5, extended=5.0)
        overload = Overload(self, self.connect(users), create_group(users))
        with self.monitored() as server, self.swarm.watch() as watch:
            overload.measure_capacity(seconds)
            before = rss_bytes(self.server.pid)
            overload.run_stages(seconds)
            recovered_after = overload.recover(seconds)
        overload.measure_stages()
        self.measure_accounting(overload.expected)
        self.measure("most behind", overload.behind, "notifications", better="lower")
        growth = megabytes(max(0, server.peak_rss_bytes - before))
        self.measure("memory growth", growth, "MB", ours="< 32")
        self.measure("recovered after", recovered_after, "s", ours="<= 5", doubt=watch.doubt)
        self.note(
            "Senders and server share the database, so beyond the capacity notify itself takes "
            "longer; latencies count from when a notification was due, not from when it was sent."
        )

    @row("N6")
    def test_statistics_are_cheap(self) -> None:
        """Statistics: counts over all deliveries"""
        [template] = self.create_users(1)
        crowd = create_crowd(template, self.scaled(smoke=1_000, standard=10_000, extended=10_000))
        read = notify(crowd, "Load")
        Delivery.objects.filter(notification=read).mark_read()
        queries_before = count_statements(statistics)
        for _ in range(9):
            notify(crowd, "Load")
        metrics = PerformanceMetrics()
        for _ in range(10):
            with metrics.time():
                counted = statistics()
        stored = Delivery.objects.count()
        self.measure("deliveries", stored, "deliveries")
        self.measure("counted", counted.deliveries, "deliveries", asked=f"== {stored}")
        self.measure("statistics", metrics.summary().median, "ms", ours="< 50")
        queries = count_statements(statistics)
        self.measure("queries", queries, "queries", better="lower")
        self.measure("more queries for more rows", queries - queries_before, "queries", ours="== 0")

    @row("N7")
    def test_latency_stays_low_under_a_steady_load(self) -> None:
        """End-to-end latency: a fixed schedule, from commit to client"""
        size = self.scaled(smoke=100, standard=1000, extended=1000)
        seconds = self.scaled(smoke=1.5, standard=10, extended=60)
        per_second = self.scaled(smoke=100, standard=200, extended=200)
        each = self.scaled(smoke=10, standard=5, extended=5)
        users = self.create_users(size)
        pks = [user.pk for user in users]
        clients = self.connect(users)
        warm_up = self.warm_up(clients, pks)
        with self.monitored(), self.swarm.watch() as watch:
            count = round(seconds * per_second)
            sent = self.control.notify(pks, count=count, per_second=per_second, each=each)
            ids: list[list[int]] = [list(warm_up) for _ in users]
            for number, id_ in enumerate(sent.ids):
                for mine in turn(ids, each, number):
                    mine.append(id_)
            expected = list(zip(ids, clients, strict=True))
            self.await_arrival(expected)
        self.measure_accounting(expected)
        doubt = watch.doubt or offered_doubt(sent)
        for name, begun_ns in (("commit", sent.committed_ns), ("due", sent.due_ns)):
            latencies = latencies_ns(clients, dict(zip(sent.ids, begun_ns, strict=True)))
            self.measure_latency(f"{name} to client", latencies, ours_p99="< 50", doubt=doubt)

    @row("N8")
    def test_one_notification_reaches_many_at_once(self) -> None:
        """Fan-out: one notification to everybody connected"""
        users = self.create_users(self.scaled(smoke=100, standard=1000, extended=1000))
        pks = [user.pk for user in users]
        clients = self.connect(users)
        ids = self.warm_up(clients, pks)
        lasts, spreads, everything = [], [], []
        with self.monitored(), self.swarm.watch() as watch:
            for _ in range(10):
                sent = self.control.notify(pks)
                ids += sent.ids
                expected = [(ids, client) for client in clients]
                self.await_arrival(expected)
                committed_ns = dict(zip(sent.ids, sent.committed_ns, strict=True))
                latencies = latencies_ns(clients, committed_ns)
                everything += latencies
                lasts.append(milliseconds(max(latencies)))
                spreads.append(milliseconds(max(latencies) - min(latencies)))
        self.measure_accounting(expected)
        self.measure("slowest last receiver", max(lasts), "ms", asked="< 1000")
        self.measure("last receiver", median(lasts), "ms", ours="< 150", doubt=watch.doubt)
        self.measure("first to last", median(spreads), "ms", better="lower", doubt=watch.doubt)
        self.measure_latency("commit to client", everything, doubt=watch.doubt)


def create_group(users: Sequence[User]) -> Group:
    """A group of these users."""
    group = Group.objects.create(name="Load")
    group.user_set.set(users)
    return group

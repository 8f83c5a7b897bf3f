"""The memory suite: what notifications and sockets weigh, and that all of it comes back."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

from django.contrib.auth.models import User

from notifications.models import Delivery, Notification
from notifications.send import notify
from perftests.load.clients.accounting import account
from perftests.measure.memory import profile
from perftests.measure.resources import ResourceMonitor, rss_bytes
from perftests.measure.stats import slope
from perftests.measure.units import kilobytes, megabytes
from perftests.workloads import workload

from ..kit.arrivals import measure_accounting
from ..kit.case import LoadTestCase
from ..kit.counted.table import row
from ..kit.rows import queue_for
from .activity import THREADS_OF_EACH_KIND, create_and_read, read_newest
from .kept import Visits, measure_kept_of_deliveries, measure_kept_of_visits, tracing
from .survivors import (
    WARM_UP_CYCLES,
    judge_growth,
    left_alive,
    recovered_percent,
    survivors,
)
from .workloads import Closing, Creation, Queues, Recovery, Rounds, Soak

BODY = "Something happened that you may want to know about. " * 10
REPLAY_SAMPLE_SECONDS = 0.01
RECOVERY_ROUNDS = 3
TRACED_USERS = 10


class MemoryUsageTests(LoadTestCase):
    suite = "memory"

    @row("M1")
    @workload(Creation)
    def test_a_created_notification_takes_little_memory(self, load: Creation) -> None:
        """Memory of notifications created one by one"""
        count, traced = load.notifications, load.traced
        (user,) = self.create_users(1)
        create(user, traced // 10)

        self.progress(f"creating {count:,} notifications")
        before = rss_bytes(os.getpid(), tree=False)
        kept = create(user, count)
        grown = (rss_bytes(os.getpid(), tree=False) - before) / len(kept)
        del kept
        self.progress(f"creating {traced:,} notifications, their memory traced")
        created = profile(lambda: create(user, traced))

        peak, retained = created.peak_bytes / traced, created.retained_bytes / traced
        self.measure(
            "growth of the process per notification", kilobytes(grown), "kB", required="< 10"
        )
        self.measure("peak per notification", kilobytes(peak), "kB", required="< 10")
        self.measure("retained per notification", kilobytes(retained), "kB", required="< 1")
        self.note(
            "The caller kept everything that notify() returned, which is all that is retained. "
            f"Most of it was allocated at {', '.join(map(str, created.culprits[:3]))}."
        )

    @row("M2")
    @workload(Queues)
    def test_offline_queues_are_streamed_with_little_memory(self, load: Queues) -> None:
        """Server memory while many users replay their offline queues"""
        user_count, queued = load.users, load.queued
        early = self.create_users(10)
        self.clients.await_arrival(
            list(zip(queue_for(early, 100), self.clients.connect(early), strict=True))
        )
        self.swarm.leave(self.swarm.clients)
        users = self.create_users(user_count)
        queues = queue_for(users, queued, body=BODY)
        self.progress(f"replaying {queued} notifications to each of {user_count} users")

        before = self.server.collected_rss_bytes()
        with (
            self.server.monitored(self),
            ResourceMonitor(self.server.pid, interval_seconds=REPLAY_SAMPLE_SECONDS) as server,
        ):
            expected = list(zip(queues, self.clients.connect(users), strict=True))
            self.clients.await_arrival(expected)

        peak = max(0, server.peak_rss_bytes - before)
        each = kilobytes(peak / (user_count * queued))
        self.measure("peak growth of the server", megabytes(peak), "MB", better="lower")
        self.measure("peak per queued notification", each, "kB", required="< 15", goal="< 2")
        measure_accounting(self, expected)
        self.note("The connections themselves count too, up to 32 kB for each user.")
        self._trace_replay(queued)

    def _trace_replay(self, queued: int) -> None:
        """The same for a few users, their memory traced, which takes long."""
        users = self.create_users(TRACED_USERS)
        queues = queue_for(users, queued, body=BODY)
        self.progress("replaying once more, memory traced")
        with tracing(self.server.control):
            clients = self.clients.connect(users)
            self.clients.await_arrival(list(zip(queues, clients, strict=True)))
            peak = self.server.control.peak_bytes()
        each = kilobytes(peak / (len(users) * queued))
        self.measure("traced peak per queued notification", each, "kB", required="< 2")

    @row("M3")
    @workload(Rounds)
    def test_memory_stays_flat_under_concurrent_operations(self, load: Rounds) -> None:
        """Memory while creators, readers and sockets work together, round after round"""
        rounds = WARM_UP_CYCLES + load.rounds
        users = self.create_users(load.users)
        clients = self.clients.connect(users)
        sent: list[int] = []
        sizes, own = [], []

        def work() -> None:
            sent.extend(create_and_read(self.server.control, users, load.sends))
            self.clients.await_arrival([(sent, client) for client in clients])
            read_newest(self.swarm, clients)

        with self.server.monitored(self) as monitor:
            for number in range(rounds):
                self.progress("creators, readers and sockets", number, rounds)
                work()
                sizes.append(self.server.collected_rss_bytes())
                own.append(rss_bytes(os.getpid(), tree=False))

        sizes = sizes[WARM_UP_CYCLES:]
        self.measure("server peak", megabytes(monitor.peak_rss_bytes), "MB", better="lower")
        retained = megabytes(sizes[-1] - sizes[0])
        self.measure("server retained over all rounds", retained, "MB", better="lower")
        self.measure("load generator peak", megabytes(max(own)), "MB", better="lower")
        leaking = bool(judge_growth(self, sizes, goal="== 0").leaking)
        self.progress("the same once more, memory traced")
        deliveries = THREADS_OF_EACH_KIND * load.sends * len(users)
        measure_kept_of_deliveries(self, self.server, work, deliveries, suspect=leaking)
        # Those who create at the same time commit in any order.
        measure_accounting(self, [(sent, client) for client in clients], in_order=False)

    @row("M4")
    @workload(Soak)
    def test_memory_does_not_grow_over_a_long_run(self, load: Soak) -> None:
        """Server memory over a long run of steady traffic with clients that come and go"""
        cycles, rate = load.cycles, load.rate
        count = round(rate * load.seconds)
        steady, passing = self.create_users(load.steady), self.create_users(load.passing)
        clients = self.clients.connect(steady) + self.clients.connect(passing)
        comers = clients[len(steady) :]
        pks = [user.pk for user in steady + passing]
        sent: list[int] = []
        times, sizes = [], []

        def cycle(count: int, per_second: float | None) -> None:
            """Some leave and come back while all of them are notified."""
            self.swarm.leave(comers)
            sending = pool.submit(
                self.server.control.notify, pks, count=count, per_second=per_second
            )
            self.clients.come_back(comers, passing)
            sent.extend(sending.result().ids)

        with ThreadPoolExecutor(1) as pool:
            with self.server.monitored(self) as monitor:
                monitor.begin("warm-up")
                for _ in range(WARM_UP_CYCLES):
                    # As much as follows, only faster: the caches of the database fill with rows.
                    cycle(count * cycles // WARM_UP_CYCLES, None)
                    self.server.collected_rss_bytes()
                monitor.begin("measured")
                for number in range(cycles):
                    self.progress("steady traffic, clients come and go", number, cycles)
                    cycle(count, rate)
                    times.append(time.perf_counter())
                    sizes.append(self.server.collected_rss_bytes())
            leaking = bool(judge_growth(self, sizes, goal="== 0").leaking)
            self.progress("the same once more, memory traced")
            measure_kept_of_deliveries(
                self,
                self.server,
                lambda: cycle(count, None),
                count * len(pks),
                suspect=leaking,
            )

        growth = slope(times, [megabytes(size) for size in sizes])
        self.measure("growth of the server", growth, "MB/s", required="< 0.5")
        expected = [(sent, client) for client in clients]
        self.clients.await_arrival(expected)
        measure_accounting(self, expected[: len(steady)])
        coming = account(expected[len(steady) :])
        self.measure(
            "missing of those who came and went", coming.missing, "deliveries", required="== 0"
        )
        self.note(
            f"Whoever left before its ack was sent {coming.duplicated} deliveries again, "
            "which clients drop by their ids."
        )

    @row("M5")
    @workload(Recovery)
    def test_memory_of_dropped_objects_comes_back(self, load: Recovery) -> None:
        """Memory recovered from dropped objects that refer to each other, and closed sockets"""
        users = self.create_users(load.users)
        queue_for(users[:1], load.notifications)
        load_entangled()  # the caches of the ORM
        recovered = min(recovered_percent(load_entangled) for _ in range(RECOVERY_ROUNDS))
        left = left_alive(load_entangled, Notification, Delivery)
        self.measure("recovered", recovered, "%", required=">= 90")
        self.measure("dropped objects alive", left, "objects", required="== 0")

        Delivery.objects.mark_delivered()
        self.clients.connect(users[:1])  # keeps the hub alive when the others leave
        live, groups = self.server.control.live(), self.server.control.layer_groups()
        self.swarm.leave(self.clients.connect(users[1:]))
        for kind, number in survivors(self.server.control, live, self.timeout_seconds).items():
            self.measure(f"{kind} that outlive their socket", number, "objects", required="== 0")
        left = self.server.control.layer_groups() - groups
        self.measure("layer groups that outlive their socket", left, "groups", required="== 0")

    @row("M6")
    @workload(Closing)
    def test_closed_connections_leave_no_objects_behind(self, load: Closing) -> None:
        """Live objects and memory of the server over cycles of connecting and closing"""
        cycles = WARM_UP_CYCLES + load.cycles
        users = self.create_users(load.users)
        nothing = dict.fromkeys(self.server.control.live(), 0)
        clients = self.clients.connect(users)
        alive, sizes = dict(nothing), []

        def cycle() -> None:
            self.swarm.leave(clients)
            self.server.await_empty()
            left = survivors(self.server.control, nothing, self.timeout_seconds)
            alive.update({kind: max(alive[kind], left[kind]) for kind in left})
            sizes.append(self.server.collected_rss_bytes())
            self.clients.come_back(clients, users)

        with self.server.monitored(self):
            for number in range(cycles):
                self.progress("connecting and closing", number, cycles)
                cycle()
        for kind, number in alive.items():
            self.measure(f"{kind} alive after close", number, "objects", required="== 0")
        verdict = judge_growth(self, sizes[WARM_UP_CYCLES:], required="== 0")
        self.swarm.leave(clients)
        self.server.await_empty()
        self.progress("connecting and taking messages, memory traced")
        visits = Visits(self.clients, self.create_users(TRACED_USERS))
        suspect = bool(verdict.leaking) or any(alive.values())
        measure_kept_of_visits(self, visits, suspect=suspect)


def create(user: User, count: int) -> list[Notification]:
    """Send `count` notifications, one by one, and keep what comes back."""
    return [notify(user, f"Notification {number}", body=BODY) for number in range(count)]


def load_entangled() -> list[Notification]:
    """Notifications and deliveries that refer to each other: only the collector can free them."""
    return list(Notification.objects.prefetch_related("deliveries"))

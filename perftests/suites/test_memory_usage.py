"""The memory suite: what notifications and sockets weigh, and that all of it comes back."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

from django.contrib.auth.models import User

from notifications.models import Delivery, Notification
from notifications.send import notify
from perftests.load.accounting import account
from perftests.measure.memory import profile
from perftests.measure.resources import ResourceMonitor, rss_bytes
from perftests.measure.stats import slope
from perftests.measure.units import kilobytes, megabytes
from perftests.testcases import row

from .memory import (
    WARM_UP_CYCLES,
    judge_growth,
    keepers,
    left_alive,
    recovered_percent,
    survivors,
)
from .memory_case import MemoryTestCase
from .rows import queue_for

BODY = "Something happened that you may want to know about. " * 10
REPLAY_SAMPLE_SECONDS = 0.01
RECOVERY_ROUNDS = 3


class MemoryUsageTests(MemoryTestCase):
    suite = "memory"

    @row("M1")
    def test_a_created_notification_takes_little_memory(self) -> None:
        """Memory of notifications created one by one"""
        count = self.scaled(smoke=1_000, standard=10_000, extended=100_000)
        traced = self.scaled(smoke=250, standard=2_000, extended=10_000)
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
        self.measure("growth of the process per notification", kilobytes(grown), "kB", asked="< 10")
        self.measure("peak per notification", kilobytes(peak), "kB", asked="< 10")
        self.measure("retained per notification", kilobytes(retained), "kB", ours="< 1")
        self.note(
            "The caller kept everything that notify() returned, which is all that is retained. "
            f"Most of it was allocated at {', '.join(map(str, created.culprits[:3]))}."
        )

    @row("M2")
    def test_the_offline_queue_is_streamed(self) -> None:
        """Server memory while many users replay their offline queues"""
        user_count = self.scaled(smoke=20, standard=100, extended=200)
        queued = self.scaled(smoke=200, standard=200, extended=500)
        early = self.create_users(10)
        self.await_arrival(list(zip(queue_for(early, 100), self.connect(early), strict=True)))
        self.leave(self.swarm.clients)
        users = self.create_users(user_count)
        queues = queue_for(users, queued, body=BODY)
        self.progress(f"replaying {queued} notifications to each of {user_count} users")

        before = self.server_rss()
        with (
            self.monitored(),
            ResourceMonitor(self.server.pid, interval_seconds=REPLAY_SAMPLE_SECONDS) as server,
        ):
            expected = list(zip(queues, self.connect(users), strict=True))
            self.await_arrival(expected)

        peak = max(0, server.peak_rss_bytes - before)
        each = kilobytes(peak / (user_count * queued))
        self.measure("peak growth of the server", megabytes(peak), "MB", better="lower")
        self.measure("peak per queued notification", each, "kB", asked="< 15", ours="< 2")
        self.measure_accounting(expected)
        self.note("The connections themselves count too, up to 32 kB for each user.")

    @row("M3")
    def test_concurrent_operations_stay_flat(self) -> None:
        """Memory while creators, readers and sockets work together, round after round"""
        rounds = self.scaled(smoke=15, standard=20, extended=100)
        sends = self.scaled(smoke=2, standard=5, extended=20)
        users = self.create_users(self.scaled(smoke=10, standard=50, extended=200))
        clients = self.connect(users)
        sent: list[int] = []
        sizes, own = [], []

        with self.monitored() as monitor:
            for number in range(WARM_UP_CYCLES + rounds):
                self.progress("creators, readers and sockets", number, WARM_UP_CYCLES + rounds)
                sent += self.create_and_read(users, sends)
                self.await_arrival([(sent, client) for client in clients])
                self.read_newest(clients)
                sizes.append(self.server_rss())
                own.append(rss_bytes(os.getpid(), tree=False))

        sizes = sizes[WARM_UP_CYCLES:]
        self.measure("server peak", megabytes(monitor.peak_rss_bytes), "MB", better="lower")
        retained = megabytes(sizes[-1] - sizes[0])
        self.measure("server retained over all rounds", retained, "MB", better="lower")
        self.measure("load generator peak", megabytes(max(own)), "MB", better="lower")
        judge_growth(self, sizes, ours="== 0")
        self.measure_accounting([(sent, client) for client in clients])

    @row("M4")
    def test_a_long_run_does_not_grow(self) -> None:
        """Server memory over a long run of steady traffic with clients that come and go"""
        cycles = self.scaled(smoke=15, standard=40, extended=600)
        seconds = self.scaled(smoke=0.1, standard=0.8, extended=1.0)
        rate = self.scaled(smoke=80, standard=20, extended=20)
        count = round(rate * seconds)
        steady = self.create_users(self.scaled(smoke=10, standard=50, extended=200))
        passing = self.create_users(self.scaled(smoke=5, standard=20, extended=50))
        clients = self.connect(steady) + self.connect(passing)
        comers = clients[len(steady) :]
        pks = [user.pk for user in steady + passing]
        sent: list[int] = []
        times, sizes = [], []

        def cycle(count: int, per_second: float | None) -> None:
            """Some leave and come back while all of them are notified."""
            self.leave(comers)
            sending = pool.submit(self.control.notify, pks, count=count, per_second=per_second)
            self.come_back(comers, passing)
            sent.extend(sending.result().ids)

        with self.monitored(), ThreadPoolExecutor(1) as pool:
            for _ in range(WARM_UP_CYCLES):
                # As much as follows, only faster: the caches of the database fill with rows.
                cycle(count * cycles // WARM_UP_CYCLES, None)
                self.server_rss()
            for number in range(cycles):
                self.progress("steady traffic, clients come and go", number, cycles)
                cycle(count, rate)
                times.append(time.perf_counter())
                sizes.append(self.server_rss())
            expected = [(sent, client) for client in clients]
            self.await_arrival(expected)

        growth = slope(times, [megabytes(size) for size in sizes])
        self.measure("growth of the server", growth, "MB/s", asked="< 0.5")
        judge_growth(self, sizes, ours="== 0")
        self.measure_accounting(expected[: len(steady)])
        coming = account(expected[len(steady) :])
        self.measure(
            "missing of those who came and went", coming.missing, "deliveries", asked="== 0"
        )
        self.note(
            f"Whoever left before its ack was sent {coming.duplicated} deliveries again, "
            "which clients drop by their ids."
        )

    @row("M5")
    def test_what_is_dropped_comes_back(self) -> None:
        """Memory recovered from dropped objects that refer to each other, and closed sockets"""
        users = self.create_users(self.scaled(smoke=20, standard=100, extended=500))
        queue_for(users[:1], self.scaled(smoke=500, standard=10_000, extended=50_000))
        load_entangled()  # the caches of the ORM
        recovered = min(recovered_percent(load_entangled) for _ in range(RECOVERY_ROUNDS))
        left = left_alive(load_entangled, Notification, Delivery)
        self.measure("recovered", recovered, "%", asked="> 5", ours=">= 90")
        self.measure("dropped objects alive", left, "objects", asked="== 0")

        Delivery.objects.mark_delivered()
        self.connect(users[:1])  # keeps the hub alive when the others leave
        live, groups = self.control.live(), self.control.layer_groups()
        self.leave(self.connect(users[1:]))
        for kind, number in survivors(self.control, live, self.timeout_seconds).items():
            self.measure(f"{kind} that outlive their socket", number, "objects", asked="== 0")
        left = self.control.layer_groups() - groups
        self.measure("layer groups that outlive their socket", left, "groups", asked="== 0")

    @row("M6")
    def test_closed_connections_leave_nothing(self) -> None:
        """Live objects and memory of the server over cycles of connecting and closing"""
        cycles = self.scaled(smoke=15, standard=25, extended=100)
        users = self.create_users(self.scaled(smoke=10, standard=50, extended=200))
        nothing = dict.fromkeys(self.control.live(), 0)
        clients = self.connect(users)
        alive, sizes = dict(nothing), []

        def cycle() -> None:
            self.leave(clients)
            self.wait_until_server_is_empty()
            left = survivors(self.control, nothing, self.timeout_seconds)
            alive.update({kind: max(alive[kind], left[kind]) for kind in left})
            sizes.append(self.server_rss())
            self.come_back(clients, users)

        with self.monitored():
            for number in range(WARM_UP_CYCLES + cycles):
                self.progress("connecting and closing", number, WARM_UP_CYCLES + cycles)
                cycle()
        for kind, number in alive.items():
            self.measure(f"{kind} alive after close", number, "objects", asked="== 0")
        verdict = judge_growth(self, sizes[WARM_UP_CYCLES:], asked="== 0")
        if verdict.leaking or any(alive.values()):
            self.note(f"What is left is held by {', '.join(keepers(self.control, cycle))}.")


def create(user: User, count: int) -> list[Notification]:
    """Send `count` notifications, one by one, and keep what comes back."""
    return [notify(user, f"Notification {number}", body=BODY) for number in range(count)]


def load_entangled() -> list[Notification]:
    """Notifications and deliveries that refer to each other: only the collector can free them."""
    return list(Notification.objects.prefetch_related("deliveries"))

"""Networks as users have them: slow, lossy, cut, frozen."""

import time
from functools import partial

from notifications.conf import get_settings
from perftests.load.network.shaping import PROFILES, TRANSATLANTIC
from perftests.load.schedule.shapes import constant
from perftests.measure.resources import uss_bytes
from perftests.measure.units import kilobytes
from perftests.workloads import workload

from ..kit.arrivals import measure_accounting, undisturbed
from ..kit.case import LoadTestCase
from ..kit.counted.table import row
from ..kit.links import open_link, returning_clients, staying
from ..kit.queue import count_queued
from ..kit.visits import traffic
from .shaped import ShapedUsers, open_beacon, send_over, warm_up
from .stalling import BODY, ENVIRONMENT, Freeze, Stalls
from .workloads import Cuts, Freezes, Links


class NetworkConditionTests(LoadTestCase):
    suite = "network"

    @row("C1")
    @workload(Links)
    def test_latency_is_explained_by_the_link(self, load: Links) -> None:
        """Latency, jitter, bandwidth and loss: 3G, lossy Wi-Fi, across the Atlantic"""
        beacon = self.enterContext(open_beacon(self.swarm))
        links = [self.enterContext(open_link(self.clients, profile)) for profile in PROFILES]
        groups = [
            ShapedUsers(self.clients, link, self.create_users(load.users), beacon) for link in links
        ]
        ids = warm_up(self.clients, groups)
        over = partial(send_over, self.clients, groups, beacon, load.seconds, ids)
        sent, doubt = undisturbed(over)
        measure_accounting(self, [(ids, client) for group in groups for client in group.sockets])
        for group in groups:
            group.measure(self, sent, doubt)
        self.note(
            "added: the median time of the notifications, less that of messages as long which a "
            "bare TCP server sends over a link of the same kind; both from when they were due."
        )

    @row("C2")
    @workload(Cuts)
    def test_connections_that_are_cut_lose_nothing(self, load: Cuts) -> None:
        """Every connection is cut again and again under traffic"""
        users = self.create_users(load.clients)
        # Far enough for notifications and acks to be on their way when it is cut.
        link = self.enterContext(open_link(self.clients, TRANSATLANTIC))
        clients = returning_clients(link, users, ack_delay_seconds=0.5)
        broken = 0
        with staying(self.clients, clients):
            pks, seconds = [user.pk for user in users], load.pause * (load.cuts + 0.5)
            with traffic(self.server, pks, constant(load.rate, seconds=seconds)) as sent:
                for _ in range(load.cuts):
                    time.sleep(load.pause)
                    broken += self.swarm.call(link.cut)
            expected = [(sent[0].ids, client) for client in clients]
            self.clients.await_arrival(expected)
            queued = count_queued(self.timeout_seconds, pks)
        self.measure("connections cut", broken, "", required=f">= {load.clients}")
        self.measure("connects", sum(client.connects for client in clients), "")
        self.measure("still queued at the end", queued, "deliveries", required="== 0")
        measure_accounting(self, expected, cut=True)


class StalledLinkTests(LoadTestCase):
    """On a server of its own, which waits for seconds where a site waits for minutes."""

    suite = "network"
    server_environment = ENVIRONMENT

    @row("C3")
    @workload(Freezes)
    def test_links_that_freeze_recover_and_cost_little(self, load: Freezes) -> None:
        """Links that stall for a moment, or freeze until the server gives up"""
        users = self.create_users(load.users)
        stalling, freezing = (self.enterContext(open_link(self.clients)) for _ in range(2))
        stalls = Stalls(self.clients, users, stalling, freezing)
        with staying(self.clients, stalls.everybody):
            stalls.warm_up()
            before = uss_bytes(self.server.pid)
            with self.server.monitored(self) as monitor, self.swarm.watch() as watch:
                freeze = stalls.freeze(load.seconds, monitor.begin)
            queued = count_queued(self.timeout_seconds, [user.pk for user in users])
        self._measure_times(stalls, freeze, watch.doubt or stalls.doubt)
        self.measure("still queued at the end", queued, "deliveries", required="== 0")
        bound = kilobytes(2 * get_settings().WINDOW * len(BODY))
        grown = kilobytes(monitor.peak_uss_bytes - before) / len(stalls.frozen)
        self.measure("memory per frozen client, at most", grown, "kB", goal=f"<= {bound:.0f}")
        measure_accounting(self, stalls.expected, cut=True)

    def _measure_times(self, stalls: Stalls, freeze: Freeze, doubt: str) -> None:
        closed = freeze.stalled_closed
        self.measure(
            "closed during a short stall", closed, "connections", required="== 0", doubt=doubt
        )
        slowest = stalls.slowest_seconds
        self.measure(
            "slowest over the stalling link", slowest, "s", required="< 10", goal="< 2", doubt=doubt
        )
        self.measure("frozen and never closed", freeze.left, "connections", required="== 0")
        self.measure("frozen, closed after", freeze.closed_after, "s", required="< 30", goal="< 10")
        caught_up = freeze.caught_up_after
        self.measure(
            "thawed, caught up after", caught_up, "s", required="< 20", goal="< 5", doubt=doubt
        )

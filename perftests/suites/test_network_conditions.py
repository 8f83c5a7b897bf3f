"""Networks as users have them: slow, lossy, cut, frozen."""

import time

from notifications.conf import get_settings
from perftests.load.shapes import constant
from perftests.load.shaping import PROFILES, TRANSATLANTIC
from perftests.measure.resources import uss_bytes
from perftests.measure.units import kilobytes
from perftests.testcases import row

from .links import count_queued, open_link, returning_clients, staying
from .shaped import ShapedUsers, open_beacon, send_over
from .stalling import BODY, ENVIRONMENT, Freeze, Stalls, peak_uss_bytes
from .support import LoadTestCase
from .visits import traffic

PER_SECOND = 10


class NetworkConditionTests(LoadTestCase):
    suite = "network"

    @row("C1")
    def test_latency_is_explained_by_the_link(self) -> None:
        """Latency, jitter, bandwidth and loss: 3G, lossy Wi-Fi, across the Atlantic"""
        each, seconds = self.scaled(smoke=(10, 1.0), standard=(20, 5.0), extended=(100, 60.0))
        beacon = open_beacon(self)
        groups = [ShapedUsers(self, p, self.create_users(each), beacon) for p in PROFILES]
        with self.swarm.watch() as watch:
            sent, expected = send_over(self, groups, beacon, seconds)
        self.measure_accounting(expected, in_order=True)
        for group in groups:
            group.measure(sent, watch.doubt)
        self.note(
            "added: the median time of the notifications, less that of messages as long which a "
            "bare TCP server sends over a link of the same kind; both from when they were due."
        )

    @row("C2")
    def test_connections_that_are_cut_lose_nothing(self) -> None:
        """Every connection is cut again and again under traffic"""
        count, cuts, pause = self.scaled(
            smoke=(30, 2, 0.5), standard=(100, 3, 2.0), extended=(500, 30, 2.0)
        )
        users = self.create_users(count)
        # Far enough for notifications and acks to be on their way when it is cut.
        link = open_link(self, TRANSATLANTIC)
        clients = returning_clients(link, users, ack_delay_seconds=0.5)
        broken = 0
        with staying(self, clients):
            pks, seconds = [user.pk for user in users], pause * (cuts + 0.5)
            with traffic(self, pks, constant(PER_SECOND, seconds=seconds)) as sent:
                for _ in range(cuts):
                    time.sleep(pause)
                    broken += self.swarm.call(link.cut)
            expected = [(sent[0].ids, client) for client in clients]
            self.await_arrival(expected)
            queued = count_queued(self, users)
        self.measure("connections cut", broken, "", asked=f">= {count}")
        self.measure("connects", sum(client.connects for client in clients), "")
        self.measure("still queued at the end", queued, "deliveries", asked="== 0")
        self.measure_accounting(expected, cut=True)


class StalledLinkTests(LoadTestCase):
    """On a server of its own, which waits for seconds where a site waits for minutes."""

    suite = "network"
    server_environment = ENVIRONMENT

    @row("C3")
    def test_links_that_freeze_recover_and_cost_little(self) -> None:
        """Links that stall for a moment, or freeze until the server gives up"""
        count, seconds = self.scaled(smoke=(20, 2.0), standard=(60, 30.0), extended=(200, 60.0))
        users = self.create_users(count)
        stalls = Stalls(self, users)
        with staying(self, stalls.clients):
            stalls.warm_up()
            before = uss_bytes(self.server.pid)
            with self.monitored() as monitor, self.swarm.watch() as watch:
                freeze = stalls.freeze(seconds)
            queued = count_queued(self, users)
        self._measure_times(stalls, freeze, watch.doubt)
        self.measure("still queued at the end", queued, "deliveries", asked="== 0")
        bound = kilobytes(2 * get_settings().WINDOW * len(BODY))
        grown = kilobytes(peak_uss_bytes(monitor) - before) / len(stalls.frozen)
        self.measure("memory per frozen client, at most", grown, "kB", ours=f"<= {bound:.0f}")
        self.measure_accounting(stalls.expected, cut=True)

    def _measure_times(self, stalls: Stalls, freeze: Freeze, doubt: str) -> None:
        closed = freeze.stalled_closed
        self.measure("closed during a short stall", closed, "connections", ours="== 0", doubt=doubt)
        slowest = stalls.slowest_seconds
        self.measure("slowest over the stalling link", slowest, "s", ours="< 2", doubt=doubt)
        self.measure("frozen and never closed", freeze.left, "connections", asked="== 0")
        self.measure("frozen, closed after", freeze.closed_after, "s", ours="< 10")
        caught_up = freeze.caught_up_after
        self.measure("thawed, caught up after", caught_up, "s", ours="< 5", doubt=doubt)

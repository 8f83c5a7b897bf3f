"""WebSockets under load: connections, throughput, habits, broadcasts, storms, silence."""

import random
from contextlib import nullcontext, suppress
from itertools import chain

from notifications.conf import get_settings
from perftests.load.behaviour import PROFILES, STAYS, SURFS, TRAVELS
from perftests.load.shapes import constant, ramp, spike
from perftests.measure.resources import uss_bytes
from perftests.measure.stats import mean, median, median_ratio, percentile
from perftests.measure.units import kilobytes, milliseconds
from perftests.testcases import row

from .connecting import connect_in_steps, kilobytes_each
from .messages import deliver, read_all
from .pushing import PushCost
from .silence import BODY, ENVIRONMENT, Neighbours, SilentClients
from .storm import Storm, cut, strike
from .support import LoadTestCase, latencies_ns
from .timeline import measure_resources, watch_load
from .visits import act_out, tabs_that_disagree

PUSH_LIMIT = {"daphne": "<= 1.15", "uvicorn": "<= 1.25"}


class WebSocketLoadTests(LoadTestCase):
    suite = "websocket"

    @row("W1")
    def test_many_connect_quickly_and_cheaply(self) -> None:
        """Connections in growing number"""
        levels = self.scaled(
            smoke=(50, 100, 200, 300),
            standard=(50, 100, 500, 1000),
            extended=(50, 100, 500, 1000, 5000),
        )
        users = self.create_users(levels[-1])
        with self.swarm.watch() as watch:
            clients, steps = connect_in_steps(self, users, levels)
        for step in steps:
            name = f"up to {step.level}"
            mean_ms = milliseconds(mean(step.connect_ns))
            self.measure(f"{name}, mean connect", mean_ms, "ms", asked="< 2000")
            share = 100 * len(step.connect_ns) / step.tried
            self.measure(f"{name}, connected", share, "%", asked="> 80", ours="== 100")
        each = kilobytes_each(steps)
        self.measure("memory per connection", each, "kB", asked="< 1000", ours="<= 32")
        self.measure_latency("handshake", [c.handshake_ns for c in clients], doubt=watch.doubt)
        ids = self.warm_up(clients, [user.pk for user in users])
        self.measure_accounting([(ids, client) for client in clients])

    @row("W2")
    def test_messages_pass_in_both_directions_and_at_full_speed(self) -> None:
        """Message throughput, to the clients and from them, then to many as fast as it goes"""
        count, each = self.scaled(smoke=(10, 50), standard=(10, 50), extended=(100, 50))
        users = self.create_users(count)
        clients = self.connect(users)
        ids, down = deliver(self, clients, [user.pk for user in users], each)
        self.measure("to the clients", down, "messages/s", asked="> 100")
        up = read_all(self, clients, ids)
        self.measure("to the server", up, "messages/s", asked="> 100")
        self.measure("refused frames", sum(len(c.errors) for c in clients), "", asked="== 0")
        self._measure_full_speed()

    def _measure_full_speed(self) -> None:
        count, each = self.scaled(smoke=(250, 40), standard=(500, 80), extended=(1000, 1000))
        users = self.create_users(count)
        clients = self.connect(users)
        pks = [user.pk for user in users]
        with self.swarm.watch() as watch:
            _, rate = deliver(self, clients, pks, each, "full speed, ")
        name = f"full speed, to {count} clients"
        self.measure(name, rate, "messages/s", ours="> 10000", doubt=watch.doubt)

    @row("W3")
    def test_users_with_habits_miss_nothing_and_see_nothing_twice(self) -> None:
        """Users who read, idle, lose their connection and have several tabs"""
        users, seconds = self.scaled(smoke=(15, 2.0), standard=(35, 8.0), extended=(140, 60.0))
        morning, news = ramp(0, 10, seconds=seconds / 2), spike(10, 3, seconds=seconds / 2)
        visits = act_out(self, PROFILES, count=users, shape=(*morning, *news))
        self.measure_accounting([(v.expected, v.visitor) for v in visits], cut=True)
        shown_twice = sum(v.visitor.shown_twice for v in visits)
        self.measure("shown twice", shown_twice, "notifications", asked="== 0")
        disagreeing = tabs_that_disagree(self, visits)
        self.measure("tabs with a wrong unread count", disagreeing, "tabs", asked="== 0")
        self.measure("tabs", sum(len(v.visitor.tabs) for v in visits), "tabs")
        self.measure("connects", sum(v.visitor.connects for v in visits), "")

    @row("W4")
    def test_resources_are_recorded_over_time(self) -> None:
        """CPU, memory, threads and open files over time, of server and client apart"""
        count, seconds = self.scaled(smoke=(100, 0.3), standard=(500, 2.5), extended=(1000, 60.0))
        for monitor in watch_load(self, count, seconds):
            measure_resources(self, monitor, count)

    @row("W5")
    def test_a_broadcast_reaches_all_soon_and_costs_little(self) -> None:
        """One message to all who are connected, and what it costs the server's CPU"""
        # A pause between two, so that the first has arrived before the second is sent.
        counts, per_second = self.scaled(
            smoke=((50, 300), 25), standard=((50, 1000), 4), extended=((50, 5000), 1)
        )
        for count in counts:
            self._measure_broadcast(count, per_second)
        self._measure_push_cost()

    def _measure_broadcast(self, count: int, per_second: int) -> None:
        users = self.create_users(count)
        pks = [user.pk for user in users]
        clients = self.connect(users)
        warm = self.warm_up(clients, pks)
        with self.swarm.watch() as watch:
            sent = self.control.notify(pks, count=10, per_second=per_second)
            expected = [([*warm, *sent.ids], client) for client in clients]
            self.await_arrival(expected)
        committed_ns = dict(zip(sent.ids, sent.committed_ns, strict=True))
        taken_ns = latencies_ns(clients, committed_ns)
        name = f"{count} connections"
        slowest = milliseconds(max(taken_ns))
        self.measure(f"{name}, last receiver", slowest, "ms", asked="< 1000", doubt=watch.doubt)
        self.measure_latency(f"{name}, broadcast", taken_ns, doubt=watch.doubt)
        self.measure_accounting(expected, f"{name}, ")
        cut(self, clients)

    def _measure_push_cost(self) -> None:
        count, pushes, pairs = self.scaled(
            smoke=(500, 1, 7), standard=(1000, 8, 9), extended=(2000, 10, 50)
        )
        cost = PushCost(self, self.create_users(count), pushes)
        with self.swarm.watch() as watch:
            taken = cost.rounds(pairs)
        self.measure_accounting([(cost.sent_ids, c) for c in cost.clients], "push, ")
        for name, us in taken.items():
            self.measure(f"{name}, server CPU per message", median(us), "µs", better="lower")
        ratio = median_ratio(list(zip(taken["bare"], taken["push"], strict=True)))
        ours, doubt = PUSH_LIMIT[self.server_name], watch.doubt or cost.doubt
        self.measure("push ÷ bare", ratio.value, "×", ours=ours, doubt=doubt)
        self.note(
            f"push ÷ bare lies between {ratio.low:.2f} and {ratio.high:.2f} (95 %). bare: an "
            "application that only sends. push: another process writes the rows. everything: "
            "the server writes them, too."
        )

    @row("W6")
    def test_everybody_comes_back_at_once_and_catches_up(self) -> None:
        """A storm of reconnects, with notifications waiting for all"""
        count = self.scaled(smoke=300, standard=1000, extended=5000)
        few = self._measure_storm(count // 10)
        many = self._measure_storm(count)
        growth = many.queries_per_batch / few.queries_per_batch
        self.measure("queries per batch, many ÷ few clients", growth, "×", ours="<= 1.5")

    def _measure_storm(self, count: int) -> Storm:
        storm = strike(self, self.create_users(count), queued=10)
        name = f"{count} clients"
        self.measure(f"{name}, back", 100 * storm.back / count, "%", ours="== 100")
        self.measure(f"{name}, caught up after", storm.seconds, "s", better="lower")
        self.measure(f"{name}, batches", storm.batches, "")
        per_batch = storm.queries_per_batch
        self.measure(f"{name}, queries per batch", per_batch, "", better="lower")
        self.measure_accounting([(storm.ids, c) for c in storm.clients], f"{name}, ")
        return storm

    @row("W7")
    def test_coming_and_going_loses_nothing_and_leaves_nothing_behind(self) -> None:
        """Connects and disconnects during steady traffic"""
        users, seconds = self.scaled(smoke=(60, 2.0), standard=(300, 8.0), extended=(600, 60.0))
        habits = (STAYS, SURFS, TRAVELS)
        visits = act_out(self, habits, count=users, shape=constant(20, seconds=seconds))
        self.measure_accounting([(v.expected, v.visitor) for v in visits], cut=True)
        connects = sum(v.visitor.connects for v in visits)
        self.measure("connects", connects, "")
        self.measure("connects per second", connects / seconds, "connects/s")
        self.swarm.close()
        with suppress(TimeoutError):
            self.wait_until_server_is_empty()
        for what, count in self.control.live().items():
            self.measure(f"live {what} after close", count, "", ours="== 0")


class SilentClientTests(LoadTestCase):
    """On a server of its own, which waits for seconds where a site waits for minutes."""

    suite = "websocket"
    server_environment = ENVIRONMENT

    @row("W8")
    def test_silent_clients_cost_little_and_disturb_nobody(self) -> None:
        """Clients that never read, never acknowledge, or are cut off unnoticed"""
        count, pairs = self.scaled(smoke=(24, 5), standard=(60, 9), extended=(60, 60))
        silent = SilentClients(self, self.create_users(count))
        neighbours = Neighbours(self, self.create_users(50), silent)
        self._compare(neighbours, silent, pairs)
        before = uss_bytes(self.server.pid)
        with silent.connected():
            neighbours.receive()
            each = kilobytes(uss_bytes(self.server.pid) - before) / count
            most = max(len(c.arrived_ids) for c in silent.acknowledging_nothing)
            left = silent.await_closing(len(neighbours.clients), neighbours.receive)
            told = silent.percent_told_why()
        window = get_settings().WINDOW
        bound = kilobytes(2 * window * len(BODY))
        self.measure("memory per silent client", each, "kB", ours=f"<= {bound:.0f}")
        self.measure("most sent without an ack", most, "notifications", ours=f"<= {window}")
        self.measure("silent clients that were not closed", left, "", ours="== 0")
        self.measure("closed with code 4408", told, "%", ours="== 100")
        self.note("A client that never reads is closed, too, but cannot be told why.")
        self.measure_accounting(neighbours.expected)

    def _compare(self, neighbours: Neighbours, silent: SilentClients, pairs: int) -> None:
        for _ in range(3):
            neighbours.receive()  # warm-up
        alone: list[list[int]] = []
        beside: list[list[int]] = []
        with self.swarm.watch() as watch:
            for _ in range(pairs):
                for taken in random.sample((alone, beside), 2):
                    with silent.connected() if taken is beside else nullcontext():
                        taken.append(neighbours.receive())
        p99 = [(percentile(a, 99), percentile(b, 99)) for a, b in zip(alone, beside, strict=True)]
        self.measure(
            "p99 beside silent clients ÷ alone",
            median_ratio(p99).value,
            "×",
            ours="<= 1.5",
            doubt=watch.doubt,
        )
        for name, moments in (("alone", alone), ("beside silent clients", beside)):
            self.measure_latency(name, list(chain(*moments)), doubt=watch.doubt)

"""WebSockets under load: connections, throughput, habits, broadcasts, storms, silence."""

from contextlib import suppress
from functools import partial
from itertools import chain

from django.db import connection

from notifications.conf import get_settings
from perftests.load.clients.behaviour import PROFILES, STAYS, SURFS, TRAVELS
from perftests.load.schedule.shapes import constant, ramp, spike
from perftests.load.server.control import Sent
from perftests.measure.resources import uss_bytes
from perftests.measure.stats import mean, median, percentile
from perftests.measure.units import kilobytes, milliseconds
from perftests.workloads import workload

from ..kit.arrivals import latencies_ns, measure_accounting, measure_latency, undisturbed
from ..kit.case import LoadTestCase
from ..kit.connecting import connect_in_steps, connect_one_by_one, kilobytes_each
from ..kit.contenders import Floor, Ours
from ..kit.contest import Question, measure_ratio, run_rounds
from ..kit.counted.idle import measure_idle
from ..kit.counted.left import Left, measure_left
from ..kit.counted.settled import measure_settled, measure_unread
from ..kit.counted.table import row
from ..kit.links import open_link
from ..kit.pushing import PUSH_GOALS, compare_pushes, measure_cost, queries_per_broadcast
from ..kit.visits import act_out, tabs_of
from .messages import deliver, read_all
from .overhead import measure_overhead, overhead_goals
from .silence import BODY, ENVIRONMENT, PER_MOMENT, Neighbours, SilentClients
from .storm import strike
from .timeline import measure_resources, watch_load
from .workloads import Broadcasts, Churn, Habits, Resources, Return, Silence, Steps, Throughput

INSIDE_ROUNDS = 3
SINGLES = 11
BESIDE_GOAL = "<= 1.5"

BATCH_QUERIES = {"sqlite": 5, "postgresql": 6}
"""Users, counts, newest id, recent ids, queues; on PostgreSQL also how long to wait for locks."""


class WebSocketLoadTests(LoadTestCase):
    suite = "websocket"

    @row("W1")
    @workload(Steps)
    def test_many_clients_connect_quickly_and_cheaply(self, load: Steps) -> None:
        """Connections in growing number"""
        users = self.create_users(load.connections[-1])
        in_steps = partial(connect_in_steps, self, self.clients, users, load.connections)
        (clients, steps), doubt = undisturbed(in_steps)
        alone = median(connect_one_by_one(self.clients, self.create_users(SINGLES)))
        self.measure("alone, connect", milliseconds(alone), "ms", required="< 100")
        for step in steps:
            name = f"up to {step.level}"
            mean_ms = milliseconds(mean(step.connect_ns))
            self.measure(f"{name}, mean connect", mean_ms, "ms", required="< 2000", doubt=doubt)
            share = 100 * len(step.connect_ns) / step.tried
            self.measure(f"{name}, connected", share, "%", required="== 100")
        each = kilobytes_each(steps)
        self.measure("memory per connection", each, "kB", required="<= 48", goal="<= 32")
        handshakes = [client.handshake_ns for client in clients]
        measure_latency(self, "handshake", handshakes, sends=len(clients), doubt=doubt)
        pks = [user.pk for user in users]
        ids = self.clients.warm_up(clients, pks)
        # Where somebody is not connected, this row has failed already.
        measure_settled(self, list(zip(pks, clients, strict=False)), self.timeout_seconds)
        measure_accounting(self, [(ids, client) for client in clients])
        measure_idle(self, self.server)

    @row("W2")
    @workload(Throughput)
    def test_messages_pass_in_both_directions_and_at_full_speed(self, load: Throughput) -> None:
        """Message throughput, to the clients and from them, then to many as fast as it goes"""
        users = self.create_users(load.clients)
        clients = self.clients.connect(users)
        down = deliver(self.clients, clients, [user.pk for user in users], load.messages)
        measure_accounting(self, down.expected)
        self.measure("to the clients", down.per_second, "messages/s", required="> 100")
        up, lost = read_all(self.clients, clients, down.ids)
        self.measure("read marks lost", lost, "marks", required="== 0")
        self.measure("to the server", up, "messages/s", required="> 100")
        self.measure("refused frames", sum(len(c.errors) for c in clients), "", required="== 0")
        self._measure_full_speed(load.many, load.each)

    def _measure_full_speed(self, count: int, each: int) -> None:
        users = self.create_users(count)
        clients = self.clients.connect(users)
        pks = [user.pk for user in users]
        with self.swarm.watch() as watch:
            sent = deliver(self.clients, clients, pks, each)
        tabs = list(zip(pks, clients, strict=True))
        measure_settled(self, tabs, self.timeout_seconds, "full speed, ")
        measure_accounting(self, sent.expected, "full speed, ")
        name = f"full speed, to {count} clients"
        self.measure(name, sent.per_second, "messages/s", goal="> 10000", doubt=watch.doubt)

    @row("W3")
    @workload(Habits)
    def test_users_with_habits_miss_nothing_and_see_nothing_twice(self, load: Habits) -> None:
        """Users who read, idle, lose their connection and have several tabs"""
        half, rate = load.seconds / 2, load.rate
        morning, news = ramp(0, rate, seconds=half), spike(rate, 3, seconds=half)
        users = self.create_users(load.users)
        visits = act_out(self.clients, users, PROFILES, (*morning, *news))
        measure_accounting(self, [(v.expected, v.visitor) for v in visits], cut=True)
        shown_twice = sum(v.visitor.shown_twice for v in visits)
        self.measure("shown twice", shown_twice, "notifications", required="== 0")
        measure_unread(self, tabs_of(visits), self.timeout_seconds)
        self.measure("tabs", sum(len(v.visitor.tabs) for v in visits), "tabs")
        self.measure("connects", sum(v.visitor.connects for v in visits), "")

    @row("W4")
    @workload(Resources)
    def test_resources_are_recorded_over_time(self, load: Resources) -> None:
        """CPU, memory, threads and open files over time, of server and client apart"""
        watched = watch_load(self.clients, self.create_users(load.sockets), load.seconds)
        measure_accounting(self, watched.expected)
        measure_overhead(self, watched.monitors, watched.instruments, overhead_goals(self))
        for monitor in watched.monitors:
            measure_resources(self, monitor, load.sockets)

    @row("W5")
    @workload(Broadcasts)
    def test_a_broadcast_reaches_all_clients_soon_and_costs_little(self, load: Broadcasts) -> None:
        """One message to all who are connected, and what it costs the server's CPU"""
        for count in load.connections:
            self._measure_broadcast(count, load)
        self._measure_push_cost(load.sockets)

    def _measure_broadcast(self, count: int, load: Broadcasts) -> None:
        users = self.create_users(count)
        pks = [user.pk for user in users]
        clients = self.clients.connect(users)
        ids = self.clients.warm_up(clients, pks)
        expected = [(ids, client) for client in clients]

        def send() -> Sent:
            sent = self.server.control.notify(pks, count=load.broadcasts, per_second=load.rate)
            ids.extend(sent.ids)
            return sent

        sent, doubt = self.clients.await_sent(send, expected)
        taken_ns = latencies_ns(clients, sent.committed_ns_of)
        name = f"{count} connections"
        slowest = milliseconds(max(taken_ns))
        self.measure(f"{name}, last receiver", slowest, "ms", required="< 1000", doubt=doubt)
        measure_latency(self, f"{name}, broadcast", taken_ns, sends=len(sent.ids), doubt=doubt)
        tabs = list(zip(pks, clients, strict=True))
        measure_settled(self, tabs, self.timeout_seconds, f"{name}, ")
        measure_accounting(self, expected, f"{name}, ")
        self.clients.cut(clients)

    def _measure_push_cost(self, count: int) -> None:
        floor = Floor(self.clients, count)
        ours = Ours(self.clients, self.create_users(count))
        goal = PUSH_GOALS[self.server_name]
        costs = compare_pushes(self, self.clients, floor, ours, goal)
        inside = [ours.broadcast_from_inside() for _ in range(1 + INSIDE_ROUNDS)][1:]
        queries = queries_per_broadcast(ours, self.server.control)
        self.measure("queries per broadcast", queries, "", required="<= 2")
        measure_accounting(self, ours.expected, "push, ")
        costs.measure(self, goal=goal)
        measure_cost(self, "everything", inside)
        self.note(
            "bare: an application that only sends. push: another process writes the rows. "
            "everything: the server writes them, too."
        )

    @row("W6")
    @workload(Return)
    def test_clients_that_all_come_back_at_once_catch_up(self, load: Return) -> None:
        """A storm of reconnects, with notifications waiting for all"""
        self._measure_storm(load.clients // 10, load.queued)
        self._measure_storm(load.clients, load.queued)

    def _measure_storm(self, count: int, queued: int) -> None:
        users = self.create_users(count)
        storm = strike(self.clients, users, queued=queued)
        name = f"{count} clients"
        self.measure(f"{name}, back", 100 * storm.back / count, "%", required="== 100")
        self.measure(f"{name}, caught up after", storm.seconds, "s", better="lower")
        self.measure(f"{name}, batches", storm.batches, "")
        bound = f"<= {BATCH_QUERIES[connection.vendor]}"
        self.measure(f"{name}, queries for each batch", storm.queries, "", required=bound)
        measure_accounting(self, [(storm.ids, c) for c in storm.clients], f"{name}, ")
        tabs = [(user.pk, c) for user, c in zip(users, storm.clients, strict=True)]
        measure_unread(self, tabs, self.timeout_seconds, f"{name}, ")

    @row("W7")
    @workload(Churn)
    def test_clients_that_come_and_go_lose_nothing_and_leave_nothing_behind(
        self, load: Churn
    ) -> None:
        """Connects and disconnects during steady traffic"""
        users, habits = self.create_users(load.users), (STAYS, SURFS, TRAVELS)
        guests = self.create_users(load.users)
        gone = self.clients.connect(guests)
        self.clients.warm_up(gone, [guest.pk for guest in guests])
        self.clients.cut(gone)
        before = Left.read(self.server)
        visits = act_out(self.clients, users, habits, constant(load.rate, seconds=load.seconds))
        measure_accounting(self, [(v.expected, v.visitor) for v in visits], cut=True)
        connects = sum(v.visitor.connects for v in visits)
        self.measure("connects", connects, "")
        self.measure("connects per second", connects / load.seconds, "connects/s")
        self.swarm.close()
        with suppress(TimeoutError):  # what is left is measured
            self.server.await_empty()
        measure_left(self, self.server, before)


class SilentClientTests(LoadTestCase):
    """On a server of its own, which waits for seconds where a site waits for minutes."""

    suite = "websocket"
    server_environment = ENVIRONMENT

    @row("W8")
    @workload(Silence)
    def test_silent_clients_cost_little_and_disturb_nobody(self, load: Silence) -> None:
        """Clients that never read, never acknowledge, or are cut off unnoticed"""
        link = self.enterContext(open_link(self.clients))
        silent = SilentClients(self.clients, link, self.create_users(load.silent))
        neighbours = Neighbours(self.clients, self.create_users(load.neighbours), silent)
        self._compare(neighbours, silent, load.pairs)
        before = uss_bytes(self.server.pid)
        with silent.connected():
            neighbours.receive()
            each = kilobytes(uss_bytes(self.server.pid) - before) / load.silent
            most = max(len(c.arrived_ids) for c in silent.acknowledging_nothing)
            left = silent.await_closing(len(neighbours.sockets), neighbours.receive)
            told = silent.percent_told_why()
        window = get_settings().WINDOW
        bound = kilobytes(2 * window * len(BODY))
        self.measure("memory per silent client", each, "kB", goal=f"<= {bound:.0f}")
        self.measure("most sent without an ack", most, "notifications", required=f"<= {window}")
        self.measure("silent clients that were not closed", left, "", required="== 0")
        self.measure("closed with code 4408", told, "%", required="== 100")
        self.note("A client that never reads is closed, too, but cannot be told why.")
        measure_accounting(self, neighbours.expected)

    def _compare(self, neighbours: Neighbours, silent: SilentClients, pairs: int) -> None:
        def beside() -> list[int]:
            with silent.connected():
                return neighbours.receive()

        for _ in range(2):
            neighbours.receive()  # warm-up
        with self.swarm.watch() as watch:
            taken = run_rounds(
                self,
                pairs,
                {"alone": neighbours.receive, "beside": beside},
                Question("alone", "beside", [BESIDE_GOAL], partial(percentile, q=99)),
            )
        alone, beside_silent = (
            [percentile(ns, 99) for ns in moments] for moments in taken.values()
        )
        doubt = watch.doubt or neighbours.doubt
        name = "p99 beside silent clients ÷ alone"
        measure_ratio(self, name, alone, beside_silent, goal=BESIDE_GOAL, doubt=doubt)
        names = ("alone", "beside silent clients")
        for name, moments in zip(names, taken.values(), strict=True):
            sends = PER_MOMENT * len(moments)
            measure_latency(self, name, list(chain(*moments)), sends=sends, doubt=doubt)

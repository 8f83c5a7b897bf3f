"""The offline queue of the delivery engine: bursts that wait, replay, and what idling costs."""

import json
from functools import partial

from perftests.conf import Server
from perftests.testcases import row
from perftests.workloads import workload

from ..kit.arrivals import measure_accounting
from ..kit.connecting import connect_in_steps, kilobytes_each
from ..kit.contenders import Ours
from ..kit.contest import measure_medians, take_turns
from ..kit.queue import count_queued, replay
from ..kit.rows import queue_for
from .case import MESSAGES_PER_SECOND, PUSHES, EngineTestCase
from .workloads import Idle, Replay, Rivals

BURST = 50
GOAL_CLIENTS = 100

IDLE_GOALS: dict[Server, str] = {"daphne": "<= 32", "uvicorn": "<= 22"}

SOON = {"SWEEP_SECONDS": 1, "SWEEP_GRACE_SECONDS": 0}
"""On PostgreSQL it is the sweep that finds what waits, which a test does not want to wait for."""


class EngineQueueTests(EngineTestCase):
    server_environment = {"PERF_NOTIFICATIONS": json.dumps(SOON)}

    @row("E4")
    @workload(Rivals)
    def test_notifications_that_wait_go_out_together_for_less(self, load: Rivals) -> None:
        """A burst of 50 notifications that wait for every socket, beside broadcasts of one"""
        count = load.users
        ours = Ours(self.clients, self.create_users(count))
        with self.swarm.watch() as watch:
            costs = take_turns(
                self,
                broadcast=partial(ours.broadcast, PUSHES, MESSAGES_PER_SECOND / count),
                burst=partial(ours.burst, BURST),
            )
        measure_medians(self, "each message", costs)
        name = f"burst that waits, one of {BURST} ÷ broadcast of one"
        self.compare(
            name, costs["broadcast"], costs["burst"], sockets=count, doubt=watch.saturation
        )
        measure_accounting(self, ours.expected)
        self.note("What waits is found in the database by the server; no hint tells it.")

    @row("E7")
    @workload(Idle)
    def test_an_idle_connection_takes_little_memory(self, load: Idle) -> None:
        """Memory of idle connections, as a slope over their number"""
        levels = load.connections
        users = self.create_users(levels[-1])
        (clients, steps), _ = connect_in_steps(self, self.clients, users, levels)
        self.assertEqual(len(clients), levels[-1], self.swarm.failures)
        each = kilobytes_each(steps)
        goal = self.limit(IDLE_GOALS, levels[-1])
        self.measure("memory per idle connection", each, "kB", better="lower", goal=goal)

    @row("E10")
    @workload(Replay)
    def test_queues_are_replayed_at_full_speed(self, load: Replay) -> None:
        """The queues of 100 users, replayed and acknowledged"""
        count, each = load.users, load.each
        users = self.create_users(count)
        waiting = queue_for(users, each)
        replayed = replay(self.clients, users, waiting, concurrency=count)
        goal = ">= 20000" if count >= GOAL_CLIENTS else ""
        self.measure(
            "replay",
            count * each / replayed.seconds,
            "notifications/s",
            better="higher",
            goal=goal,
            doubt=replayed.doubt,
        )
        measure_accounting(self, replayed.expected)
        left = count_queued(self.timeout_seconds)
        self.measure("acks that were not stored", left, "deliveries", required="== 0")
        self.note("Every notification is another one; the time includes the connects.")

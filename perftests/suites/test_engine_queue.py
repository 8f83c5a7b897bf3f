"""The offline queue of the delivery engine: bursts that wait, replay, and what idling costs."""

import json
import time
from collections.abc import Sequence
from functools import partial

from django.contrib.auth.models import User

from notifications.models import Delivery
from perftests.measure.resources import uss_bytes
from perftests.measure.stats import slope
from perftests.measure.units import kilobytes
from perftests.testcases import row

from .contenders import Ours
from .contest import measure_medians, take_turns
from .engine import MESSAGES_PER_SECOND, PUSHES, EngineTestCase
from .rows import queue_for
from .support import POLL_SECONDS

BURST = 50
GOAL_CLIENTS = 100
WARM_UP_CONNECTIONS = 50

SOON = {"SWEEP_SECONDS": 1, "SWEEP_GRACE_SECONDS": 0}
"""On PostgreSQL it is the sweep that finds what waits, which a test does not want to wait for."""


class QueueTests(EngineTestCase):
    server_environment = {"PERF_NOTIFICATIONS": json.dumps(SOON)}

    @row("E4")
    def test_what_waits_goes_out_together_for_less(self) -> None:
        """A burst of 50 notifications that wait for every socket, beside broadcasts of one"""
        count = self.scaled(smoke=60, standard=1000, extended=1000)
        ours = Ours(self, self.create_users(count))
        with self.swarm.watch() as watch:
            costs = take_turns(
                self,
                broadcast=partial(ours.broadcast, PUSHES, MESSAGES_PER_SECOND / count),
                burst=partial(ours.burst, BURST),
            )
        measure_medians(self, "each message", costs)
        name = f"burst that waits, one of {BURST} ÷ broadcast of one"
        self.compare(name, costs["broadcast"], costs["burst"], sockets=count, doubt=watch.doubt)
        self.measure_accounting(ours.expected)
        self.note("What waits is found in the database by the server; no hint tells it.")

    @row("E7")
    def test_an_idle_connection_takes_little_memory(self) -> None:
        """Memory of idle connections, as a slope over their number"""
        levels = self.scaled(
            smoke=(50, 75, 100, 125),
            standard=(250, 500, 750, 1000),
            extended=(1000, 2000, 3000, 4000, 5000),
        )
        users = self.create_users(levels[-1])
        # What a server has given back it takes again first: only a new one shows the memory.
        self.server.stop()
        self.server.start()
        for client in self.connect(users[:WARM_UP_CONNECTIONS]):
            self.swarm.run(client.close())
        each = slope(levels, [self._memory_with(users, level) for level in levels])
        self.measure("memory per idle connection", each, "kB", better="lower", ours="<= 32")

    def _memory_with(self, users: Sequence[User], level: int) -> float:
        """kB of the server with `level` connections, one for each of the first users."""
        connected = sum(client.connected for client in self.swarm.clients)
        self.progress(f"connecting {level} clients")
        self.connect(users[connected:level])
        self.control.collect()
        return kilobytes(uss_bytes(self.server.pid))

    @row("E10")
    def test_queues_are_replayed_at_full_speed(self) -> None:
        """The queues of 100 users, replayed and acknowledged"""
        count, each = self.scaled(smoke=(50, 100), standard=(100, 500), extended=(100, 2000))
        users = self.create_users(count)
        waiting = queue_for(users, each)
        with self.swarm.watch() as watch:
            begun_ns = time.perf_counter_ns()
            clients = self.connect(users, concurrency=count)
            expected = list(zip(waiting, clients, strict=True))
            self.await_arrival(expected)
        seconds = (max(client.arrived_ns[-1] for client in clients) - begun_ns) / 1e9
        goal = ">= 20000" if count >= GOAL_CLIENTS else ""
        rate = count * each / seconds
        self.measure(
            "replay", rate, "notifications/s", better="higher", ours=goal, doubt=watch.doubt
        )
        self.measure_accounting(expected)
        ours_left = self.left_in_queue()
        self.measure("acks that were not stored", ours_left, "deliveries", asked="== 0")
        self.note("Every notification is another one; the time includes the connects.")

    def left_in_queue(self) -> int:
        """What is queued when the acks have had time to be written."""
        deadline = time.monotonic() + self.timeout_seconds
        queued = Delivery.objects.queued()
        while (left := queued.count()) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return left

"""What people would pick instead: the same sockets, messages and machine, in one run."""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import islice
from typing import Any

from django.test import override_settings

from perftests.conf import Server
from perftests.load.clients.swarm import Swarm
from perftests.load.inside.rivals import rival_layers
from perftests.load.services.redis import PrivateRedis
from perftests.load.services.service import ServiceFailed
from perftests.measure.stats import median
from perftests.testcases import PerformanceTestCase, row
from perftests.workloads import workload

from ..kit.contest import measure_ratio, run_rounds
from .alternative import Alternative
from .asgi import (
    AsgiAlternative,
    Bare,
    Ours,
    OursAtOnce,
    Stock,
    StockCore,
    StockInMemory,
)
from .crash import crash
from .mosquitto import Mosquitto
from .nchan import Nchan
from .node import SocketIo, Ws
from .workloads import Contest, Crash

OURS = "ours on uvicorn"

ASGI: tuple[tuple[type[AsgiAlternative], Server], ...] = (
    (Bare, "uvicorn"),
    (Bare, "daphne"),
    (Ours, "uvicorn"),
    (OursAtOnce, "uvicorn"),
    (Ours, "daphne"),
    (Stock, "uvicorn"),
    (StockCore, "uvicorn"),
    (StockInMemory, "uvicorn"),
)
PROGRAMS = (Nchan, Ws, SocketIo, Mosquitto)

GOAL_SOCKETS = 1_000


class RivalTests(PerformanceTestCase):
    suite = "rivals"
    on_request = True

    def setUp(self) -> None:
        super().setUp()
        try:
            redis = self.enterContext(PrivateRedis())
        except ServiceFailed as failed:
            self.skipTest(f"The rivals and ours need a Redis of their own. {failed}")
        backend = "notifications.layers.RedisChannelLayer"
        self.layers: dict[str, Any] = {
            "default": {"BACKEND": backend, "CONFIG": {"hosts": [redis.url]}},
            **rival_layers([redis.url], "rival"),
        }
        self.enterContext(override_settings(CHANNEL_LAYERS=self.layers))
        self.swarm = self.enterContext(Swarm(""))

    @row("R1")
    @workload(Contest)
    def test_a_message_costs_no_more_than_with_those_who_keep_nothing(self, load: Contest) -> None:
        """A message to each socket, pushed and acknowledged, beside what people would pick"""
        found = self.alternatives(load.sockets)
        for each in found:
            self.progress(f"connecting to {each.name}")
            entry = each.connect(load.sockets)
            self.measure(f"connect: {each.name}", entry.cpu, "µs", better="lower")
            self.measure(f"idle: {each.name}", entry.kilobytes, "kB", better="lower")
        work = load.pushes, load.rate
        pushed = self.contest("push", **{each.name: partial(each.push, *work) for each in found})
        self.compare("push, ours ÷ ws", pushed, Ws.name, load)
        keeping = [each for each in found if each.acknowledges]
        for each in keeping:
            each.reconnect(ack=True)
        acked = self.contest(
            "acknowledged",
            **{each.name: partial(each.push_acknowledged, *work) for each in keeping},
        )
        self.compare("acknowledged, ours ÷ Mosquitto", acked, Mosquitto.name, load)
        self.note(
            "µs of CPU of the server's process; a broker behind it and the sender are not in it."
        )

    @row("R2")
    @workload(Crash)
    def test_a_kill_in_the_middle_loses_nothing(self, load: Crash) -> None:
        """Lost when the server is killed and started again, beside what people would pick"""
        count = round(load.seconds * load.rate)
        for each in self.alternatives(load.sockets):
            self.progress(f"killing {each.name}")
            loss = crash(each, self.swarm, load.sockets, count, load.rate)
            required = "== 0" if isinstance(each, Ours) else ""
            self.measure(f"lost: {each.name}", loss.lost, "messages", required=required)
            self.measure(f"came again: {each.name}", loss.repeated, "messages")
        self.measure("taken of each", loss.expected, "messages")

    def alternatives(self, sockets: int) -> list[Alternative]:
        """All that can be started here; what cannot is in doubt, with the reason."""
        users = iter(self.create_users(sockets * len(ASGI)))
        found: list[Alternative] = []
        for kind, server in ASGI:
            own = list(islice(users, sockets))
            each = kind(self.swarm, self.timeout_seconds, server, own, self.layers)
            found.append(self.enterContext(each))
        for program in PROGRAMS:
            try:
                found.append(self.enterContext(program(self.swarm, self.timeout_seconds)))
            except ServiceFailed as failed:
                self.measure(f"missing: {program.name}", None, "", doubt=str(failed))
        return found

    def contest(self, work: str, **contenders: Callable[[], float]) -> dict[str, list[float]]:
        """Let them take turns, and record the median of each."""
        rounds = self.scaled(smoke=1, standard=5, extended=9)
        with self.swarm.watch() as watch:
            costs = run_rounds(self, rounds, contenders)
        for name, measured in costs.items():
            value = median(measured)
            self.measure(f"{work}: {name}", value, "µs", better="lower", doubt=watch.saturation)
        return costs

    def compare(
        self, name: str, costs: Mapping[str, list[float]], rival: str, load: Contest
    ) -> None:
        """Record ours ÷ the rival, with its goal where there are enough sockets."""
        goal = "<= 1" if load.sockets >= GOAL_SOCKETS else ""
        if rival in costs:
            measure_ratio(self, name, costs[rival], costs[OURS], goal=goal)

"""Hints or one announcement: what each way to tell an audience costs."""

import math
from collections.abc import Mapping, Sequence
from functools import partial

from perftests.load.clients.swarm import Swarm
from perftests.load.server.control import Control
from perftests.measure.stats import median
from perftests.testcases import row
from perftests.workloads import workload

from ..kit.arrivals import measure_accounting
from ..kit.contest import PAIRS, measure_ratio, take_turns
from .case import EngineTestCase
from .crossing import WAYS, Audiences, Spent, crossing
from .workloads import Audience

PROCESSES = (1, 2, 4, 8)


class EngineFanoutTests(EngineTestCase):
    @row("E12")
    @workload(Audience)
    def test_small_audiences_get_hints_and_large_ones_an_announcement(self, load: Audience) -> None:
        """Hints to every recipient or one announcement: from which audience on it is cheaper"""
        self.require_redis()
        sizes = load.sizes
        bystander = self.connect_bystander(sizes[-1])
        audiences = Audiences(self.clients, self.create_users(sizes[-1]), bystander, load.most)
        with self.swarm.watch() as watch:
            spent = take_turns(
                self,
                PAIRS,
                **{
                    f"{way} to {size}": partial(audiences.spend, way, size)
                    for size in sizes
                    for way in WAYS
                },
            )
        for name, measured in spent.items():
            self.measure(name, median([each.cpu(1) for each in measured]), "µs", better="lower")
        for size in sizes:
            hints, announcements = (
                [each.cpu(1) for each in spent[f"{way} to {size}"]] for way in WAYS
            )
            name = f"hints ÷ announcement, to {size}"
            measure_ratio(self, name, announcements, hints, doubt=watch.saturation)
        for way in WAYS:
            published = median([each.publishes for each in spent[f"{way} to {sizes[-1]}"]])
            self.measure(f"{way}: Redis messages to {sizes[-1]}", published, "messages")
            idle = median([each.bystander for each in spent[f"{way} to 1"]])
            self.measure(f"{way}: a process without recipients", idle, "µs", better="lower")
        for processes in PROCESSES:
            self.measure_crossing(processes, sizes, spent)
        measure_accounting(self, audiences.expected)
        self.note(
            f"µs of CPU for one notify to so many of {sizes[-1]} connected users: the server's, "
            "the sender's and that of Redis. Further server processes pay for an announcement as "
            "well; theirs is measured on one with as many users."
        )

    def measure_crossing(
        self, processes: int, sizes: Sequence[int], spent: Mapping[str, Sequence[Spent]]
    ) -> None:
        """Record the audience from which on an announcement is cheaper."""
        hints, announcements = (
            [median([each.cpu(processes) for each in spent[f"{way} to {size}"]]) for size in sizes]
            for way in WAYS
        )
        point = crossing(sizes, hints, announcements)
        never = "" if math.isfinite(point) else "hints were cheaper for all that was measured"
        name = f"announcement is cheaper from, {processes} processes"
        self.measure(name, None if never else point, "recipients", doubt=never)

    def connect_bystander(self, count: int) -> Control:
        """A second server process, to which as many other users are connected."""
        swarm = Swarm("")
        clients = self.rival_clients(swarm)
        # No write of the second server may meet the flush of the tables.
        self.addCleanup(clients.server.await_empty)
        self.enterContext(swarm)
        clients.connect(self.create_users(count), ack=False)
        return clients.server.control

"""A site of several processes, as many sockets as they may have; only where it is asked for."""

import json
import resource
import time

from django.test import override_settings

from perftests.load.services.programs import find_program
from perftests.load.services.redis import PrivateRedis
from perftests.load.services.service import ServiceFailed
from perftests.measure.stats import median
from perftests.processes.system import raise_open_file_limit, unique
from perftests.testcases import PerformanceTestCase, row
from perftests.workloads import workload

from ..kit.arrivals import measure_accounting
from .site import Site
from .workloads import Crowd

SPARE_FILES = 500
"""What the process of the clients opens besides their sockets."""

TURNS = 3
"""Of a level, of which the median counts."""

GOAL_SOCKETS = 10_000


class ScaleTests(PerformanceTestCase):
    suite = "scale"
    on_request = True

    @row("S1")
    @workload(Crowd)
    def test_a_message_costs_the_same_however_many_sockets_several_processes_have(
        self, load: Crowd
    ) -> None:
        """Many sockets over several processes behind nginx: messages, acks, a restart"""
        self._require(load.sockets[-1])
        with PrivateRedis() as redis:
            config = {"hosts": [redis.url], "prefix": unique("scale")}
            backend = "notifications.layers.RedisChannelLayer"
            layers = {"default": {"BACKEND": backend, "CONFIG": config}}
            environment = {"PERF_CHANNEL_LAYERS": json.dumps(layers)}
            users = self.create_users(load.sockets[-1])
            timeout = self.timeout_seconds
            with (
                override_settings(CHANNEL_LAYERS=layers),
                Site(self.server_name, load.processes, users, environment, timeout) as site,
            ):
                self._grow(site, load)
                self._restart(site)

    def _grow(self, site: Site, load: Crowd) -> None:
        costs = []
        for level in load.sockets:
            self.progress(f"connecting {level} clients")
            begun, new = time.monotonic(), level - len(site.clients)
            connect = site.connect(level)
            rate = new / (time.monotonic() - begun)
            each = max(1, load.messages // level // TURNS)
            costs.append(median([site.broadcast(each) for _ in range(TURNS)]))
            own = site.send_to_each(load.own)
            self.measure(f"{level} sockets: connects", rate, "1/s", better="higher")
            self.measure(f"{level} sockets: connect", connect, "µs", better="lower")
            self.measure(f"{level} sockets: message to all", costs[-1], "µs", better="lower")
            self.measure(f"{level} sockets: message of the own", own, "µs", better="lower")
        goal = "<= 1.2" if load.sockets[-1] >= GOAL_SOCKETS else ""
        growth = costs[-1] / costs[0]
        self.measure("message to all, last ÷ first", growth, "×", better="lower", goal=goal)
        most, fewest = max(site.connected()), min(site.connected())
        self.measure("sockets of the fullest ÷ emptiest process", most / max(1, fewest), "×")

    def _restart(self, site: Site) -> None:
        self.progress("restarting a process")
        back = site.restart_one()
        self.measure("restart of one: all are back after", back, "s", better="lower")
        measure_accounting(self, site.expected, cut=True)
        self.note("µs of CPU of all server processes, acks stored; nginx, Redis and senders apart.")

    def _require(self, sockets: int) -> None:
        try:
            for program in ("nginx", "redis-server"):
                find_program(program)
        except ServiceFailed as failed:
            self.skipTest(str(failed))
        raise_open_file_limit()
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if limit < sockets + SPARE_FILES:
            self.skipTest(
                f"{sockets} clients need {sockets + SPARE_FILES} open files of one process, and"
                f" {limit} are allowed: raise the limit, or set PERF_S1_SOCKETS to fewer."
            )

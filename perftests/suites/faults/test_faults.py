"""Everything that a site stands on breaks, one after the other; only where it is asked for."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import partial

from django.test import tag

from notifications.tickets import make_ticket
from perftests.load.clients.swarm import Swarm
from perftests.testcases import PerformanceTestCase, row
from perftests.workloads import workload

from .outages import Outage, outages
from .sender import Tracebacks
from .site import Holdings, Site
from .storm import FaultStorm
from .workloads import Storm

LOG_CHARACTERS = 4000
SETTLE_SECONDS = 10.0


@tag("storm")
class FaultStormTests(PerformanceTestCase):
    suite = "faults"
    on_request = True

    @row("F1")
    @workload(Storm)
    def test_notifications_survive_whatever_breaks(self, load: Storm) -> None:
        """A storm of faults, while clients come and go between two servers"""
        swarm = self.enterContext(Swarm(""))
        site = self.enterContext(Site(self.server_name, swarm))
        intruder, *users = self.create_users(1 + load.clients)
        timeout = self.timeout_seconds
        storm = FaultStorm(site, swarm, users, per_second=load.rate, timeout_seconds=timeout)
        storm.visit_each_server()
        site.await_empty(timeout)
        before = site.holdings()
        with Tracebacks() as tracebacks:
            faults: dict[str, Outage] = dict(outages(site))
            faults["one user floods the servers"] = partial(storm.flood, make_ticket(intruder))
            self._break_everything(faults, storm, load)
        site.await_empty(timeout)
        self._measure_holdings(before, site.holdings_in_the_end(before, SETTLE_SECONDS))
        self._measure_logs([*tracebacks.texts, *site.logs()])

    def _break_everything(
        self, faults: Mapping[str, Outage], storm: FaultStorm, load: Storm
    ) -> None:
        found = list(faults.items())
        random.shuffle(found)
        with storm.coming_and_going():
            with storm.sender:
                for number, (name, outage) in enumerate(found):
                    self.progress(name, number, len(found))
                    longest = storm.endure(outage, load.fault, load.calm)
                    self.measure(f"{name}: then greeted within", longest, "s", required="<= 5")
            self._measure_deliveries(storm)

    def _measure_deliveries(self, storm: FaultStorm) -> None:
        accounting = storm.settle()
        clients, unit = storm.clients, "deliveries"
        self.measure("notifications sent", len(storm.sender.sent), "", required="> 0")
        self.measure("refused while broken", len(storm.sender.refusals), "")
        self.measure("refused when well again", storm.refused_when_well, "", required="== 0")
        self.measure("sent and not stored", storm.lost_rows(), "", required="== 0")
        self.measure("connects", sum(client.connects for client in clients), "")
        self.measure("expected", accounting.expected, unit, required="> 0")
        self.measure("missing", accounting.missing, unit, required="== 0")
        self.measure("unexpected", accounting.unexpected, unit, required="== 0")
        shown_twice = sum(len(c.arrived_ids) - len(set(c.arrived_ids)) for c in clients)
        self.measure("shown twice", shown_twice, unit, required="== 0")
        repeated = sum(client.repeated for client in clients)
        self.measure("sent twice over one connection", repeated, unit, required="== 0")
        self.measure("still queued at the end", storm.still_queued(), unit, required="== 0")
        codes = sum((client.codes for client in clients), Counter[int | None]())
        refused = Counter(refusal.error for refusal in storm.sender.refusals)
        self.note(f"refused: {dict(refused)}; connections ended with {dict(codes)}")

    def _measure_holdings(self, before: Holdings, after: Holdings) -> None:
        for field in fields(Holdings):
            more = getattr(after, field.name) - getattr(before, field.name)
            self.measure(f"{field.name} more than before", more, "", required="<= 0")

    def _measure_logs(self, texts: Sequence[str]) -> None:
        found = [text for text in texts if "Traceback" in text]
        count = sum(text.count("Traceback") for text in found)
        self.measure("tracebacks in any log", count, "", required="== 0")
        for text in found:
            self.note(text[:LOG_CHARACTERS])

"""More than a server can take: its capacity, stages of rising load, and the way back."""

import time
from collections.abc import Callable, Sequence

from django.contrib.auth.models import Group

from perftests.load.clients.client import NotificationClient
from perftests.load.schedule.shapes import Shape, constant, steps
from perftests.measure.stats import percentile, tail_percentile
from perftests.measure.units import milliseconds

from ..kit.arrivals import Expected, latencies_ns, sends_doubt
from ..kit.clients import Clients
from ..kit.contexts import Pacing, Recorder
from .senders import Sendings, send_on_schedule, send_together

FACTORS = (1, 2, 4, 8)

OUTSTANDING = 32
"""Notifications on their way at once while capacity is measured: half of a socket's credit."""

RECOVERY_SECONDS = 5.0
RECOVERED_RATIO = 1.5

RATE = "notifications/s"


class Overload:
    """Senders outside the server, and a group whose members are all connected.

    `per_second` is the capacity in notifications, `stages` what was sent at each multiple of it,
    `ids` is everything sent. `behind` is the most that a client had still to get when the senders
    were done with a stage.
    """

    def __init__(
        self, clients: Clients, members: Sequence[NotificationClient], group: Group
    ) -> None:
        self.ids: list[int] = []
        self.per_second = 0.0
        self.stages: dict[int, Sendings] = {}
        self.behind = 0
        self._clients = clients
        self._members = members
        self._group = group

    @property
    def expected(self) -> Expected:
        return [(self.ids, client) for client in self._members]

    def measure_capacity(self, seconds: float) -> None:
        """In a closed loop: more is sent whenever everybody has got enough of what was sent."""
        sendings = Sendings()
        begun = time.perf_counter()
        while time.perf_counter() - begun < seconds:
            send_together(sendings, self._group, [time.perf_counter_ns()] * (OUTSTANDING // 4))
            self._clients.wait_until(
                lambda: self._least_arrived() >= len(sendings.due_ns) - OUTSTANDING,
                "what was sent to arrive",
            )
        self.ids += sendings.due_ns
        self._clients.await_arrival(self.expected)
        self.per_second = len(self.ids) / (time.perf_counter() - begun)

    def run_stages(self, pacing: Pacing, seconds: float, begin: Callable[[str], None]) -> None:
        """Offer the capacity and let all arrive, then its multiples, one right after the other.

        `begin` hears of each stage, and of the recovery after them.
        """
        shape = steps(self.per_second, FACTORS, seconds=seconds)
        for factor, stage in zip(FACTORS, shape, strict=True):
            pacing.progress(f"offering {factor} × {self.per_second:,.0f} notifications/s")
            begin(f"{factor} ×")
            self.stages[factor] = self._offer((stage,))
            self.behind = max(self.behind, len(self.ids) - self._least_arrived())
            if factor == 1:
                self._clients.await_arrival(self.expected)
        begin("recovering")

    def recover(self, seconds: float) -> float:
        """Offer the capacity again, until a stretch of it is as fast as before the overload.

        As fast: at p99, or the highest percentile below it that so many sends tell. Returns after
        how many seconds that one began, or how long it was tried in vain.
        """
        before = self.stages[1]
        q = tail_percentile(len(before.due_ns))
        limit = RECOVERED_RATIO * percentile(self._latencies_ms(before), q)
        begun = time.perf_counter()
        while (elapsed := time.perf_counter() - begun) <= RECOVERY_SECONDS:
            again = self._offer(constant(self.per_second, seconds=seconds))
            self._clients.await_arrival(self.expected)
            latencies = self._latencies_ms(again)
            if latencies and percentile(latencies, q) <= limit:
                break
        return elapsed

    def measure_stages(self, recorder: Recorder) -> None:
        """Record what became of each stage."""
        recorder.measure("capacity", self.per_second, RATE, better="higher")
        for factor, sendings in self.stages.items():
            name, extreme = f"at {factor}×", factor == FACTORS[-1]
            accepted = sendings.metrics.throughput
            recorder.measure(f"{name}: accepted", accepted, RATE, better="higher")
            latencies = self._latencies_ms(sendings)
            for q in (50, 99) if latencies else ():
                latency = percentile(latencies, q)
                few = sends_doubt(len(sendings.due_ns), q)
                recorder.measure(f"{name}: p{q}", latency, "ms", better="lower", doubt=few)
            tried = sendings.metrics.succeeded + sendings.metrics.failed
            delivered = 100 * len(latencies) / (tried * len(self._members))
            recorder.measure(
                f"{name}: delivered",
                delivered,
                "%",
                better="higher",
                required="== 100" if extreme else "",
            )

    def _latencies_ms(self, sendings: Sendings) -> list[float]:
        """From when each notification was due to each of its arrivals."""
        return [milliseconds(ns) for ns in latencies_ns(self._members, sendings.due_ns)]

    def _offer(self, shape: Shape) -> Sendings:
        sendings = send_on_schedule(self._group, shape)
        self.ids += sendings.due_ns
        return sendings

    def _least_arrived(self) -> int:
        return min(len(client.arrived_ids) for client in self._members)

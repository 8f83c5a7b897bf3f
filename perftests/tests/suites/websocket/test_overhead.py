from types import SimpleNamespace
from unittest import mock

from django.contrib.auth.models import User
from django.test import SimpleTestCase, TransactionTestCase, tag

from perftests.load.server.control import Control
from perftests.load.server.process import ServerProcess
from perftests.records.results import Outcome
from perftests.records.targets import Verdict
from perftests.suites.websocket.overhead import Instruments, measure_overhead, overhead_goals
from perftests.testcases import PerformanceTestCase


def monitor(*, own, watched):
    return SimpleNamespace(own_cpu_seconds=own, cpu_seconds=watched)


@tag("slow")
class InstrumentsTests(TransactionTestCase):
    def test_statements_and_commands_count_as_costs_of_measuring(self):
        user = User.objects.create(username="ada")
        with ServerProcess() as server:
            control = Control(server.http_url)
            idle, few, many = (Instruments(control) for _ in range(3))
            with idle.used():
                pass
            with few.used():
                control.notify([user.pk])
            with many.used():
                before = control.cpu_seconds()
                for _ in range(10):
                    control.notify([user.pk], count=20)
                used = control.cpu_seconds() - before
        self.assertGreater(few.cpu_seconds, idle.cpu_seconds)
        self.assertGreater(many.cpu_seconds, 5 * few.cpu_seconds)
        self.assertLess(many.cpu_seconds, used)


class OverheadSharesTests(SimpleTestCase):
    def measured(self, scale, *, own):
        test = PerformanceTestCase("run")
        monitors = [monitor(own=own, watched=6.0), monitor(own=own, watched=2.0)]
        with mock.patch.dict("os.environ", PERF_SCALE=scale):
            instruments = SimpleNamespace(cpu_seconds=0.06)
            measure_overhead(test, monitors, instruments, overhead_goals(test))
        metrics = test.result(Outcome.COMPLETED, 1, "").metrics
        return [(round(m.value, 3), m.goal_verdict) for m in metrics]

    def test_overhead_of_samplers_counts_against_what_they_sample(self):
        passed = Verdict.PASS
        expected = [(0.5, passed), (1.0, None), (1.667, passed)]
        self.assertEqual(self.measured("standard", own=0.02), expected)

    def test_expensive_measuring_misses_the_goals_for_overhead(self):
        missed = Verdict.FAIL
        expected = [(2.0, missed), (1.0, None), (3.667, missed)]
        self.assertEqual(self.measured("standard", own=0.08), expected)

    def test_there_is_no_goal_for_overhead_at_smoke_scale(self):
        self.assertEqual([goal for _, goal in self.measured("smoke", own=0.02)], [None] * 3)

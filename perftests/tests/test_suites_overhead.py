from types import SimpleNamespace
from unittest import mock

from django.contrib.auth.models import User
from django.test import SimpleTestCase, TransactionTestCase

from perftests.load.control import Control
from perftests.load.server import ServerProcess
from perftests.measure.results import Outcome
from perftests.measure.targets import Verdict
from perftests.suites.overhead import Instruments, measure_overhead
from perftests.suites.support import LoadTestCase


def monitor(*, own, watched):
    return SimpleNamespace(own_cpu_seconds=own, cpu_seconds=watched)


class InstrumentsTests(TransactionTestCase):
    def test_statements_and_commands_cost_the_server_something(self):
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


class SharesTests(SimpleTestCase):
    def measured(self, scale, *, own):
        test = LoadTestCase("run")
        monitors = [monitor(own=own, watched=6.0), monitor(own=own, watched=2.0)]
        with mock.patch.dict("os.environ", PERF_SCALE=scale):
            measure_overhead(test, monitors, SimpleNamespace(cpu_seconds=0.06))
        metrics = test.result(Outcome.COMPLETED, 1, "").metrics
        return [(round(m.value, 3), m.ours_verdict) for m in metrics]

    def test_samplers_count_against_what_they_sample_and_all_against_the_server(self):
        passed = Verdict.PASS
        expected = [(0.5, passed), (1.0, None), (1.667, passed)]
        self.assertEqual(self.measured("standard", own=0.02), expected)

    def test_dear_measuring_misses_the_goals(self):
        missed = Verdict.FAIL
        expected = [(2.0, missed), (1.0, None), (3.667, missed)]
        self.assertEqual(self.measured("standard", own=0.08), expected)

    def test_there_is_no_goal_for_a_second_of_load(self):
        self.assertEqual([goal for _, goal in self.measured("smoke", own=0.02)], [None] * 3)

from django.test import SimpleTestCase

from perftests.records.results import Outcome
from perftests.records.targets import Verdict
from perftests.suites.memory.kept import KEPT_OF_A_CONNECT, measure_kept
from perftests.testcases import PerformanceTestCase


class KeptMemoryTests(SimpleTestCase):
    def test_a_kilobyte_kept_of_each_connect_misses_a_required_target(self):
        test = PerformanceTestCase("run")
        self.assertTrue(measure_kept(test, "connect", 1_000, KEPT_OF_A_CONNECT))
        [metric] = test.result(Outcome.COMPLETED, 1, "").metrics
        self.assertIs(metric.required_verdict, Verdict.FAIL)

    def test_a_few_bytes_kept_of_each_connect_keep_the_required_target(self):
        test = PerformanceTestCase("run")
        self.assertFalse(measure_kept(test, "connect", 50, KEPT_OF_A_CONNECT))

from django.test import SimpleTestCase

from perftests.records.results import Outcome
from perftests.records.targets import Verdict
from perftests.suites.kit.pushing import PushCosts, shared_doubt
from perftests.testcases import PerformanceTestCase
from perftests.tests.noise import noise_floor


class PushCostsTests(SimpleTestCase):
    def setUp(self):
        self.enterContext(noise_floor(0))

    def measured(self, costs, **targets):
        test = PerformanceTestCase("run")
        costs.measure(test, **targets)
        return {m.name: m for m in test.result(Outcome.COMPLETED, 1, "").metrics}

    def test_the_ratio_of_a_push_is_the_median_of_the_ratios_of_its_rounds(self):
        costs = PushCosts(bare=[10, 20, 10, 20, 10], push=[11, 22, 11.1, 22.4, 11.1], doubt="")
        metrics = self.measured(costs, goal="<= 1.15", required="<= 1.05")
        self.assertAlmostEqual(metrics["push ÷ bare"].value, 1.11)
        self.assertEqual(metrics["push ÷ bare"].goal_verdict, Verdict.PASS)
        self.assertEqual(metrics["push ÷ bare"].required_verdict, Verdict.FAIL)
        self.assertEqual(metrics["bare, server CPU per message"].value, 10)
        self.assertEqual(metrics["push, server CPU per message"].value, 11.1)

    def test_a_doubt_makes_the_ratio_of_a_push_inconclusive(self):
        costs = PushCosts([10] * 5, [11] * 5, doubt="the load generator was busy")
        metric = self.measured(costs, goal="<= 1.15")["push ÷ bare"]
        self.assertEqual(metric.goal_verdict, Verdict.INCONCLUSIVE)

    def test_pushes_that_shared_frames_cannot_be_compared(self):
        self.assertEqual(shared_doubt(0.96), "")
        self.assertEqual(shared_doubt(0.5), "only 0.50 frames for each notification")

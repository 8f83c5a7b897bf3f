from django.test import SimpleTestCase

from perftests.measure.stats import Interval
from perftests.records.results import Outcome
from perftests.records.targets import Verdict
from perftests.suites.kit.contest import measure_ratio, noise_doubt
from perftests.testcases import PerformanceTestCase
from perftests.tests.noise import noise_floor


class NoiseDoubtTests(SimpleTestCase):
    def test_a_floor_above_the_effect_that_a_limit_asks_about_is_a_doubt_that_names_both(self):
        doubt = "the noise floor of 45 % is above the effect of 15 % that <= 1.15 asks about"
        with noise_floor(45):
            self.assertEqual(noise_doubt(Interval(1.0, 1.05), "<= 1.15"), doubt)

    def test_a_floor_below_the_effect_is_no_doubt(self):
        with noise_floor(14):
            self.assertEqual(noise_doubt(Interval(1.0, 1.05), "<= 1.15"), "")
        with noise_floor(86):
            self.assertEqual(noise_doubt(Interval(5, 7), ">= 6"), "")

    def test_a_share_asks_about_as_much_as_its_inverse(self):
        with noise_floor(60):
            self.assertEqual(noise_doubt(Interval(0.6, 0.7), ">= 0.6"), "")
            self.assertIn("effect of 25 %", noise_doubt(Interval(0.8, 0.9), ">= 0.8"))

    def test_a_ratio_further_from_its_limit_than_the_floor_is_not_in_doubt(self):
        with noise_floor(45):
            self.assertEqual(noise_doubt(Interval(2.5, 2.6), "<= 1.15"), "")
            self.assertEqual(noise_doubt(Interval(0.5, 0.6), "<= 1.15"), "")

    def test_without_a_limit_there_is_nothing_to_doubt(self):
        with noise_floor(86):
            self.assertEqual(noise_doubt(Interval(1, 1), "", ""), "")


class NoisyRatioTests(SimpleTestCase):
    def measured(self, percent, **targets):
        test = PerformanceTestCase("run")
        with noise_floor(percent):
            measure_ratio(test, "b ÷ a", [1] * 6, [1.05] * 6, **targets)
            test.measure("missing", 1, "deliveries", required="== 0")
        return test.result(Outcome.COMPLETED, 1, "")

    def test_the_goal_of_a_ratio_is_inconclusive_on_a_noisy_machine(self):
        result = self.measured(45, goal="<= 1.15")
        self.assertEqual(result.metrics[0].goal_verdict, Verdict.INCONCLUSIVE)
        self.assertIn("noise floor of 45 %", result.metrics[0].undecided)

    def test_the_goal_of_a_ratio_is_met_on_a_quiet_machine(self):
        result = self.measured(3, goal="<= 1.15")
        self.assertEqual(result.metrics[0].goal_verdict, Verdict.PASS)

    def test_a_required_ratio_far_within_its_limit_is_decided_though_its_goal_cannot_be(self):
        result = self.measured(45, required="<= 3", goal="<= 1.15")
        self.assertEqual(result.metrics[0].required_verdict, Verdict.PASS)

    def test_a_count_is_never_put_in_doubt_by_the_noise_floor(self):
        result = self.measured(86, goal="<= 1.15")
        self.assertEqual(result.metrics[1].required_verdict, Verdict.FAIL)
        self.assertEqual(result.verdict, Verdict.FAIL)

from dataclasses import replace

from django.test import SimpleTestCase

from perftests.records.targets import Metric, Target, Verdict


class VerdictTests(SimpleTestCase):
    def test_the_worst_verdict_is_a_failure_then_doubt_then_success(self):
        passed, doubtful, failed = Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL
        self.assertIs(Verdict.worst([passed, doubtful, failed]), failed)
        self.assertIs(Verdict.worst([passed, doubtful]), doubtful)
        self.assertIs(Verdict.worst([passed]), passed)

    def test_the_worst_of_no_verdicts_is_a_success(self):
        self.assertIs(Verdict.worst([]), Verdict.PASS)


class TargetTests(SimpleTestCase):
    def test_a_target_judges_by_each_operator(self):
        for text, kept, missed in [
            ("< 100", 99.9, 100),
            ("<= 100", 100, 100.1),
            ("> 95", 95.1, 95),
            (">= 95", 95, 94.9),
            ("== 0", 0, 1),
        ]:
            with self.subTest(text):
                target = Target.parse(text)
                self.assertIs(target.judge(kept), Verdict.PASS)
                self.assertIs(target.judge(missed), Verdict.FAIL)

    def test_a_target_is_written_as_it_is_read(self):
        for text in ("< 0.5", ">= 10000", "== 0", "< 0.30000000000000004", "> 1e+22", "> -3"):
            with self.subTest(text):
                self.assertEqual(str(Target.parse(text)), text)

    def test_two_targets_are_equal_if_operator_and_limit_are(self):
        self.assertEqual(Target("<", 100), Target.parse("< 100.0"))
        self.assertEqual(len({Target("<", 100), Target("<", 100.0), Target.parse("< 1e2")}), 1)
        for other in (Target("<=", 100), Target("<", 100.5), "< 100", None):
            with self.subTest(other):
                self.assertNotEqual(Target("<", 100), other)

    def test_text_that_is_no_target_is_rejected(self):
        for text in ("", "100", "about 3", "< fast", "=> 5", "< nan", "< inf", "> -inf", None, 5):
            with self.subTest(text), self.assertRaises(ValueError):
                Target.parse(text)


class MetricTests(SimpleTestCase):
    def test_a_metric_judges_its_required_target_and_its_goal_apart(self):
        metric = Metric("mean", 80, "ms", "lower", Target("<", 100), Target("<", 50))
        self.assertIs(metric.required_verdict, Verdict.PASS)
        self.assertIs(metric.goal_verdict, Verdict.FAIL)

    def test_a_metric_has_no_verdict_without_a_target(self):
        metric = Metric("mean", 80, "ms")
        self.assertIsNone(metric.required_verdict)
        self.assertIsNone(metric.goal_verdict)

    def test_a_doubt_makes_a_metric_inconclusive_whatever_its_value(self):
        for value in (80, 800, None):
            with self.subTest(value):
                metric = Metric("mean", value, "ms", required=Target("<", 100), doubt="3 samples")
                self.assertIs(metric.required_verdict, Verdict.INCONCLUSIVE)

    def test_a_metric_without_a_value_or_a_reason_is_rejected(self):
        with self.assertRaisesMessage(ValueError, "'mean' has no value and no reason why"):
            Metric("mean", None, "ms")

    def test_a_metric_that_is_changed_gets_new_verdicts(self):
        metric = Metric("mean", 80, "ms", required=Target("<", 100), goal=Target("<", 90))
        missed = replace(metric, value=95)
        self.assertEqual((missed.required_verdict, missed.goal_verdict), ("pass", "fail"))

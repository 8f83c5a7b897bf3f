from django.test import SimpleTestCase

from perftests.measure.targets import Metric, Target, Verdict


class VerdictTests(SimpleTestCase):
    def test_the_worst_is_a_failure_then_doubt_then_success(self):
        passed, doubtful, failed = Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL
        self.assertIs(Verdict.worst([passed, doubtful, failed]), failed)
        self.assertIs(Verdict.worst([passed, doubtful]), doubtful)
        self.assertIs(Verdict.worst([passed]), passed)

    def test_nothing_to_judge_is_a_success(self):
        self.assertIs(Verdict.worst([]), Verdict.PASS)


class TargetTests(SimpleTestCase):
    def test_it_judges_by_each_operator(self):
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

    def test_it_is_written_as_it_is_read(self):
        for text in ("< 0.5", ">= 10000", "== 0"):
            with self.subTest(text):
                self.assertEqual(str(Target.parse(text)), text)

    def test_it_rejects_what_is_not_a_target(self):
        for text in ("", "100", "about 3", "< fast", "=> 5"):
            with self.subTest(text), self.assertRaises(ValueError):
                Target.parse(text)


class MetricTests(SimpleTestCase):
    def test_it_judges_what_was_asked_and_what_is_ours_apart(self):
        metric = Metric("mean", 80, "ms", "lower", Target("<", 100), Target("<", 50))
        self.assertIs(metric.asked_verdict, Verdict.PASS)
        self.assertIs(metric.ours_verdict, Verdict.FAIL)

    def test_it_has_no_verdict_without_a_target(self):
        metric = Metric("mean", 80, "ms")
        self.assertIsNone(metric.asked_verdict)
        self.assertIsNone(metric.ours_verdict)

    def test_a_doubt_makes_it_inconclusive_whatever_the_value(self):
        for value in (80, 800, None):
            with self.subTest(value):
                metric = Metric("mean", value, "ms", asked=Target("<", 100), doubt="3 samples")
                self.assertIs(metric.asked_verdict, Verdict.INCONCLUSIVE)

    def test_it_rejects_a_missing_value_without_a_reason(self):
        with self.assertRaisesMessage(ValueError, "'mean' has no value and no reason why"):
            Metric("mean", None, "ms")

    def test_it_survives_its_plain_form(self):
        for metric in (
            Metric("mean", 80, "ms", "lower", Target("<", 100), Target("<", 50)),
            Metric("cpu", None, "%", doubt="the server died"),
        ):
            with self.subTest(metric.name):
                self.assertEqual(Metric.from_dict(metric.as_dict()), metric)

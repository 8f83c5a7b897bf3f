from dataclasses import replace

from django.test import SimpleTestCase

from perftests.records.results import COMPARED, Outcome, Result
from perftests.records.targets import Metric
from perftests.reports.paired import ratios


class RatioTests(SimpleTestCase):
    def result(self, *notes):
        metrics = (Metric("push", 1.2, "×"), Metric("ack", 1.0, "×"))
        return Result("t", COMPARED, "", "t", Outcome.COMPLETED, 1.0, metrics=metrics, notes=notes)

    def found(self, result):
        return [(ratio.metric.name, ratio.finding, ratio.text) for ratio in ratios([result])]

    def test_notes_in_another_order_are_told_of_the_metrics_that_they_name(self):
        result = self.result("ack: same, 8 pairs", "push: slower, 28 pairs; longer: send")
        self.assertEqual(
            self.found(result),
            [
                ("push", "slower", "slower, 28 pairs; longer: send"),
                ("ack", "same", "same, 8 pairs"),
            ],
        )

    def test_nothing_is_found_of_a_metric_that_nothing_is_said_of(self):
        self.assertEqual(
            self.found(self.result("push: slower, 8 pairs")),
            [("push", "slower", "slower, 8 pairs"), ("ack", "", "")],
        )

    def test_other_suites_have_no_ratios(self):
        self.assertEqual(self.found(replace(self.result("push: slower"), suite="counts")), [])

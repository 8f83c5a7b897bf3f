from django.test import SimpleTestCase

from perftests.lab.headline import deciding, headline, is_noticed
from perftests.records.results import Outcome, Result
from perftests.records.targets import Metric, Target

COUNT = Metric("missing", 0.0, "", "exact", Target("==", 0))
MET = Metric("p50", 2.0, "ms", "lower", Target("<", 9), Target("<", 5))
BEYOND_GOAL = Metric("p95", 7.0, "ms", "lower", Target("<", 9), Target("<", 5))
DOUBTED = Metric("rate", 5.0, "1/s", "higher", Target(">", 1), doubt="The client was busy.")
MISSED = Metric("p99", 12.0, "ms", "lower", Target("<", 9))
LOST = Metric("memory", None, "kB", doubt="The server died.")


def result(*metrics):
    return Result("s.T.test_it", "s", "S1", "It", Outcome.COMPLETED, 1.0, metrics=metrics)


class HeadlineTests(SimpleTestCase):
    def test_the_headline_is_what_needs_a_look_most(self):
        by_need = [MISSED, DOUBTED, BEYOND_GOAL, MET, COUNT, LOST]
        for at, expected in enumerate(by_need):
            self.assertIs(headline(result(*reversed(by_need[at:]))), expected)

    def test_of_equal_metrics_how_long_somebody_waits_stands_before_how_much_there_is(self):
        rate = Metric("rate", 500.0, "1/s", "higher", goal=Target(">", 100))
        latency = Metric("p99", 2.0, "ms", "lower", goal=Target("<", 5))
        count = Metric("batches", 5.0, goal=Target("<", 9))
        self.assertIs(headline(result(count, rate, latency)), latency)
        self.assertIs(headline(result(count, rate)), rate)

    def test_a_test_that_measured_nothing_has_no_headline(self):
        self.assertIsNone(headline(result()))

    def test_only_a_metric_that_is_missed_or_in_doubt_is_noticed(self):
        noticed = [
            m.name for m in (COUNT, MET, BEYOND_GOAL, DOUBTED, MISSED, LOST) if is_noticed(m)
        ]
        self.assertEqual(noticed, ["p95", "rate", "p99", "memory"])

    def test_the_goal_is_drawn_as_soon_as_what_is_required_is_met(self):
        self.assertEqual(deciding(BEYOND_GOAL), Target("<", 5))
        self.assertEqual(deciding(MISSED), Target("<", 9))
        self.assertIsNone(deciding(LOST))

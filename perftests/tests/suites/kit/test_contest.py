import os
from itertools import cycle
from unittest import mock

from django.test import SimpleTestCase

from perftests.records.results import Outcome
from perftests.records.targets import Target, Verdict
from perftests.suites.kit.contest import (
    MOST_ROUNDS,
    PAIRS,
    SMOKE_PAIRS,
    Question,
    measure_ratio,
    run_rounds,
    take_turns,
)
from perftests.testcases import PerformanceTestCase
from perftests.tests.noise import noise_floor


def metrics(test):
    return {metric.name: metric for metric in test.result(Outcome.COMPLETED, 1, "").metrics}


class ContestTests(SimpleTestCase):
    def setUp(self):
        self.enterContext(noise_floor(0))
        self.test = PerformanceTestCase("run")

    def test_contenders_take_turns_in_each_round_and_the_warm_up_is_dropped(self):
        turns = []

        def contender(name):
            turns.append(name)
            return turns.count(name)

        with mock.patch.dict(os.environ, {"PERF_SCALE": "standard"}):
            measured = take_turns(self.test, a=lambda: contender("a"), b=lambda: contender("b"))

        self.assertEqual(measured, {name: list(range(2, PAIRS + 2)) for name in "ab"})
        rounds = [set(turns[first : first + 2]) for first in range(0, len(turns), 2)]
        self.assertEqual(rounds, [{"a", "b"}] * (PAIRS + 1))

    def test_a_contest_has_few_rounds_at_smoke_scale(self):
        measured = take_turns(self.test, 25, a=lambda: 1)
        self.assertEqual(len(measured["a"]), SMOKE_PAIRS)

    def test_a_ratio_is_the_median_of_the_rounds_own_ratios(self):
        measure_ratio(self.test, "b ÷ a", [1, 1, 1, 1, 10], [2, 3, 4, 5, 10], goal="<= 2")

        self.assertEqual(metrics(self.test)["b ÷ a"].value, 3)
        self.assertEqual(metrics(self.test)["b ÷ a"].goal, Target("<=", 2))

    def test_a_ratio_whose_interval_crosses_its_goal_is_inconclusive(self):
        measure_ratio(self.test, "b ÷ a", [1, 1, 1, 1, 1], [2, 3, 4, 5, 6], goal="<= 4.5")

        metric = metrics(self.test)["b ÷ a"]
        self.assertEqual((metric.value, metric.goal_verdict), (4, Verdict.INCONCLUSIVE))
        self.assertEqual(
            metric.undecided,
            "its limit lies within 2 to 6: about 16 times as many pairs would tell",
        )

    def test_a_ratio_whose_interval_is_beyond_its_goal_misses_it(self):
        measure_ratio(self.test, "b ÷ a", [1, 1, 1, 1, 1], [2, 3, 4, 5, 6], goal="<= 1.9")

        self.assertEqual(metrics(self.test)["b ÷ a"].goal_verdict, Verdict.FAIL)

    def test_a_ratio_of_few_rounds_has_no_interval(self):
        measure_ratio(self.test, "b ÷ a", [1, 2], [2, 8])

        self.assertEqual(metrics(self.test)["b ÷ a"].value, 3)
        self.assertIsNone(metrics(self.test)["b ÷ a"].low)


def contenders(candidate):
    return {"a": lambda: 1.0, "b": iter(candidate).__next__}


class MorePairsTests(SimpleTestCase):
    def setUp(self):
        self.test = PerformanceTestCase("run")
        self.enterContext(mock.patch.dict(os.environ, {"PERF_SCALE": "standard"}))

    def run_rounds(self, rounds, candidate, limit="<= 1.15"):
        question = Question("a", "b", ["", limit])
        return run_rounds(self.test, rounds, contenders(candidate), question)["b"]

    def test_a_ratio_that_is_clear_gets_the_pairs_that_were_planned(self):
        self.assertEqual(len(self.run_rounds(6, cycle([1.0, 1.1]))), 6)
        self.assertEqual(len(self.run_rounds(6, cycle([2.0, 1.2]))), 6)

    def test_a_ratio_across_its_limit_gets_more_pairs_until_it_is_clear(self):
        across = [1.0, 1.1, 1.3, 1.0, 1.1, 1.3, 1.3]
        measured = self.run_rounds(6, [*across, *[1.1] * 12])
        self.assertGreater(len(measured), 6)
        self.assertLess(len(measured), MOST_ROUNDS * 6)

    def test_a_ratio_that_stays_across_its_limit_gets_no_more_than_the_most(self):
        measured = self.run_rounds(6, cycle([1.0, 1.3]))
        self.assertEqual(len(measured), MOST_ROUNDS * 6)

    def test_a_ratio_across_its_limit_gets_no_more_pairs_at_smoke_scale(self):
        with mock.patch.dict(os.environ, {"PERF_SCALE": "smoke"}):
            self.assertEqual(len(self.run_rounds(6, cycle([1.0, 1.3]))), 6)

    def test_a_contest_begins_no_more_pairs_when_its_time_is_over(self):
        with mock.patch("perftests.suites.kit.contest.MORE_SECONDS", -1):
            measured = self.run_rounds(6, cycle([1.0, 1.3]))
        self.assertEqual(len(measured), 6)

    def test_a_question_without_a_limit_or_an_interval_asks_for_no_more_pairs(self):
        self.assertEqual(len(self.run_rounds(6, cycle([1.0, 1.3]), limit="")), 6)
        self.assertEqual(len(self.run_rounds(2, cycle([1.0, 1.3]))), 2)

    def test_a_question_asks_about_the_number_that_counts_of_what_is_measured(self):
        ways = {"a": lambda: [1.0], "b": lambda: [9.0, 1.0]}
        question = Question("a", "b", ["<= 1.15"], cost=min)
        self.assertEqual(len(run_rounds(self.test, 6, ways, question)["b"]), 6)

import os
from unittest import mock

from django.test import SimpleTestCase, override_settings

from perftests.measure.results import Outcome
from perftests.measure.targets import Target
from perftests.suites.contest import PAIRS, SMOKE_PAIRS, measure_ratio, take_turns
from perftests.suites.engine import EngineTestCase, redis_hosts
from perftests.testcases import PerformanceTestCase


def metrics(test):
    return {metric.name: metric for metric in test.result(Outcome.COMPLETED, 1, "").metrics}


class ContestTests(SimpleTestCase):
    def setUp(self):
        self.test = PerformanceTestCase("run")

    def test_all_take_their_turn_in_each_round_and_the_warm_up_is_dropped(self):
        turns = []

        def contender(name):
            turns.append(name)
            return turns.count(name)

        with mock.patch.dict(os.environ, {"PERF_SCALE": "standard"}):
            measured = take_turns(self.test, a=lambda: contender("a"), b=lambda: contender("b"))

        self.assertEqual(measured, {name: list(range(2, PAIRS + 2)) for name in "ab"})
        rounds = [set(turns[first : first + 2]) for first in range(0, len(turns), 2)]
        self.assertEqual(rounds, [{"a", "b"}] * (PAIRS + 1))

    def test_few_rounds_do_at_smoke_scale(self):
        measured = take_turns(self.test, 25, a=lambda: 1)
        self.assertEqual(len(measured["a"]), SMOKE_PAIRS)

    def test_a_ratio_is_the_median_of_the_rounds_own_ratios(self):
        measure_ratio(self.test, "b ÷ a", [1, 1, 1, 1, 10], [2, 3, 4, 5, 10], ours="<= 2")

        self.assertEqual(metrics(self.test)["b ÷ a"].value, 3)
        self.assertEqual(metrics(self.test)["b ÷ a"].ours, Target("<=", 2))
        self.assertIn("with 95 % confidence between", self.notes())

    def test_a_ratio_of_few_rounds_has_no_interval(self):
        measure_ratio(self.test, "b ÷ a", [1, 2], [2, 8])

        self.assertEqual(metrics(self.test)["b ÷ a"].value, 3)
        self.assertEqual(self.notes(), "")

    def notes(self):
        return " ".join(self.test.result(Outcome.COMPLETED, 1, "").notes)


class GoalTests(SimpleTestCase):
    name = "push, ours ÷ bare"

    def goal(self, sockets):
        test = EngineTestCase("run")
        test.compare(self.name, [1.0] * PAIRS, [1.1] * PAIRS, sockets=sockets)
        return metrics(test)[self.name].ours

    @override_settings(PERFTESTS={"SERVER": "daphne"})
    def test_each_server_has_a_goal_of_its_own(self):
        self.assertEqual(self.goal(1000), Target("<=", 1.15))
        with override_settings(PERFTESTS={"SERVER": "uvicorn"}):
            self.assertEqual(self.goal(1000), Target("<=", 1.25))

    def test_there_is_none_for_a_few_sockets(self):
        self.assertIsNone(self.goal(999))


class RedisTests(SimpleTestCase):
    def test_the_hosts_of_the_settings_are_taken_as_they_are(self):
        hosts = [{"address": "redis://somewhere", "socket_timeout": 3}]
        layers = {"default": {"BACKEND": "x", "CONFIG": {"hosts": hosts}}}
        with override_settings(CHANNEL_LAYERS=layers):
            self.assertEqual(redis_hosts(), hosts)

    @override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "x"}})
    @mock.patch.dict(os.environ, {"PERF_REDIS_URL": "redis://127.0.0.1:1/0"})
    def test_there_are_none_where_no_redis_answers(self):
        self.assertEqual(redis_hosts(), [])

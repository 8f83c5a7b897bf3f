from unittest import mock

from django.test import SimpleTestCase, tag

from perftests.load.server.control import Control
from perftests.records.results import Outcome
from perftests.records.targets import Verdict
from perftests.suites.memory import survivors
from perftests.tests import samples

MEGABYTE = 1_000_000


class GrowthJudgingTests(SimpleTestCase):
    def judge(self, sizes):
        test = samples.Passing("test_it_measures")
        survivors.judge_growth(test, sizes, required="== 0")
        result = test.result(Outcome.COMPLETED, 0, "")
        return result.metrics[0], result.notes

    def test_growth_in_every_cycle_is_a_leak(self):
        metric, notes = self.judge([100 * MEGABYTE + n * 320_000 for n in range(15)])
        self.assertEqual((metric.value, metric.required_verdict), (1, Verdict.FAIL))
        self.assertIn("it grew by 320 kB per cycle over 15 cycles", notes[0])

    def test_one_step_of_the_allocator_is_no_leak(self):
        metric, _ = self.judge([100 * MEGABYTE] * 8 + [101 * MEGABYTE] * 8)
        self.assertEqual((metric.value, metric.required_verdict), (0, Verdict.PASS))

    def test_too_few_cycles_tell_nothing_about_a_leak(self):
        metric, _ = self.judge([n * MEGABYTE for n in range(14)])
        self.assertEqual((metric.value, metric.required_verdict), (None, Verdict.INCONCLUSIVE))
        self.assertIn("14 cycles", metric.doubt)


class Entangled:
    """Two of them refer to each other."""

    def __init__(self):
        self.text = "x" * 10_000


def entangle():
    left, right = Entangled(), Entangled()
    left.other, right.other = right, left
    return left


@tag("slow")
class MemoryRecoveryTests(SimpleTestCase):
    def test_memory_of_dropped_objects_that_refer_to_each_other_comes_back(self):
        self.assertGreater(survivors.recovered_percent(entangle), 90)
        self.assertEqual(survivors.left_alive(entangle, Entangled), 0)

    def test_memory_of_objects_that_somebody_keeps_does_not_come_back(self):
        kept = []

        def keep():
            kept.append(entangle())
            return kept[-1]

        self.assertLess(survivors.recovered_percent(keep), 5)
        self.assertEqual(survivors.left_alive(keep, Entangled), 2)


class SurvivorTests(SimpleTestCase):
    def test_counting_survivors_waits_for_the_last_to_leave(self):
        control = mock.Mock(spec=Control)
        control.live.side_effect = [{"sockets": 3}, {"sockets": 2}, {"sockets": 1}]
        self.assertEqual(survivors.survivors(control, {"sockets": 1}, 5), {"sockets": 0})

    def test_counting_survivors_tells_who_has_not_left_in_time(self):
        control = mock.Mock(spec=Control)
        control.live.return_value = {"sockets": 3}
        self.assertEqual(survivors.survivors(control, {"sockets": 1}, 0.05), {"sockets": 2})

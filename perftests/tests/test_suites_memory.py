from unittest import mock

from django.contrib.auth.models import User
from django.test import SimpleTestCase, TransactionTestCase

from perftests.load.control import Control
from perftests.measure.results import Outcome
from perftests.measure.targets import Verdict
from perftests.suites import memory
from perftests.suites.rows import queue_for

from . import samples

MEGABYTE = 1_000_000


class JudgingTests(SimpleTestCase):
    def judge(self, sizes):
        test = samples.Passing("test_it_measures")
        memory.judge_growth(test, sizes, asked="== 0")
        result = test.result(Outcome.COMPLETED, 0, "")
        return result.metrics[0], result.notes

    def test_growth_in_every_cycle_is_a_leak(self):
        metric, notes = self.judge([100 * MEGABYTE + n * 320_000 for n in range(15)])
        self.assertEqual((metric.value, metric.asked_verdict), (1, Verdict.FAIL))
        self.assertIn("median change per cycle 320 kB, above the floor of 140 kB", notes[0])

    def test_one_step_of_the_allocator_is_none(self):
        metric, _ = self.judge([100 * MEGABYTE] * 8 + [101 * MEGABYTE] * 8)
        self.assertEqual((metric.value, metric.asked_verdict), (0, Verdict.PASS))

    def test_too_few_cycles_tell_nothing(self):
        metric, _ = self.judge([n * MEGABYTE for n in range(14)])
        self.assertEqual((metric.value, metric.asked_verdict), (None, Verdict.INCONCLUSIVE))
        self.assertIn("14 cycles", metric.doubt)


class Entangled:
    """Two of them refer to each other."""

    def __init__(self):
        self.text = "x" * 10_000


def entangle():
    left, right = Entangled(), Entangled()
    left.other, right.other = right, left
    return left


class RecoveryTests(SimpleTestCase):
    def test_objects_that_refer_to_each_other_come_back(self):
        self.assertGreater(memory.recovered_percent(entangle), 90)
        self.assertEqual(memory.left_alive(entangle, Entangled), 0)

    def test_objects_that_somebody_keeps_do_not(self):
        kept = []

        def keep():
            kept.append(entangle())
            return kept[-1]

        self.assertLess(memory.recovered_percent(keep), 5)
        self.assertEqual(memory.left_alive(keep, Entangled), 2)


class SurvivorTests(SimpleTestCase):
    def test_it_waits_for_the_last_to_leave(self):
        control = mock.Mock(spec=Control)
        control.live.side_effect = [{"sockets": 3}, {"sockets": 2}, {"sockets": 1}]
        self.assertEqual(memory.survivors(control, {"sockets": 1}, 5), {"sockets": 0})

    def test_it_tells_who_has_not_left_in_time(self):
        control = mock.Mock(spec=Control)
        control.live.return_value = {"sockets": 3}
        self.assertEqual(memory.survivors(control, {"sockets": 1}, 0.05), {"sockets": 2})


class RowsTests(TransactionTestCase):
    def test_each_user_has_a_queue_of_their_own_in_order(self):
        users = [User.objects.create(username=name) for name in ("ada", "grace")]
        queues = queue_for(users, 3)
        for user, ids in zip(users, queues, strict=True):
            queued = user.deliveries.queued().order_by("notification_id")
            self.assertEqual(list(queued.values_list("notification_id", flat=True)), ids)
        self.assertEqual(len(set(queues[0] + queues[1])), 6)

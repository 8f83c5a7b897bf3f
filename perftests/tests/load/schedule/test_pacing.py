import time
from itertools import pairwise

from django.test import SimpleTestCase

from perftests.load.schedule.pacing import from_now_ns, keep, moments_ns, seconds_until

SECOND_NS = 1_000_000_000


class MomentsTests(SimpleTestCase):
    def test_moments_at_a_rate_begin_now_and_lie_equally_far_apart(self):
        before = time.perf_counter_ns()
        moments = list(moments_ns(4, 100))
        self.assertEqual([b - a for a, b in pairwise(moments)], [10**7] * 3)
        self.assertGreaterEqual(moments[0], before)
        self.assertLessEqual(moments[0], time.perf_counter_ns())

    def test_moments_without_a_rate_come_when_they_are_asked_for(self):
        moments = moments_ns(2, None)
        first, between = next(moments), time.perf_counter_ns()
        self.assertLessEqual(first, between)
        self.assertLessEqual(between, next(moments))
        self.assertEqual(list(moments), [])

    def test_there_are_as_many_moments_as_asked_for_at_any_rate(self):
        for per_second in (None, 0.1, 3, 7.7, 12_345):
            for count in (0, 1, 7, 100):
                with self.subTest(per_second=per_second, count=count):
                    self.assertEqual(len(list(moments_ns(count, per_second))), count)


class MomentsFromNowTests(SimpleTestCase):
    def test_offsets_count_from_when_the_first_moment_is_asked_for(self):
        moments = from_now_ns([0, 5, 30])
        before = time.perf_counter_ns()
        first, *others = moments
        self.assertGreaterEqual(first, before)
        self.assertEqual([moment - first for moment in others], [5, 30])


class KeptMomentsTests(SimpleTestCase):
    def test_each_moment_is_given_when_it_has_come(self):
        begun = time.perf_counter_ns()
        due = [begun + number * 20_000_000 for number in (1, 2)]
        for moment in keep(due):
            self.assertGreaterEqual(time.perf_counter_ns(), moment)

    def test_moments_that_have_passed_are_given_at_once(self):
        long_ago = time.perf_counter_ns() - 10 * SECOND_NS
        begun = time.perf_counter()
        self.assertEqual(list(keep([long_ago] * 3)), [long_ago] * 3)
        self.assertLess(time.perf_counter() - begun, 5)
        self.assertEqual(seconds_until(long_ago), 0)

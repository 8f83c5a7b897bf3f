from django.test import SimpleTestCase

from perftests.processes.waiting import settle


class SettleTests(SimpleTestCase):
    def test_a_wait_ends_with_the_first_reading_that_is_settled(self):
        readings = iter([2, 1, 0, 5])
        self.assertEqual(settle(lambda: next(readings), 30, poll_seconds=0), 0)

    def test_a_wait_for_something_else_than_nothing_ends_when_that_is_there(self):
        readings = iter([1, 2, 3])
        settled = settle(lambda: next(readings), 30, settled=lambda n: n == 2, poll_seconds=0)
        self.assertEqual(settled, 2)

    def test_when_time_is_up_a_wait_returns_what_is_left(self):
        self.assertEqual(settle(lambda: 3, 0.02), 3)

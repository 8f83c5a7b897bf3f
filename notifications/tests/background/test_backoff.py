from django.test import SimpleTestCase

from notifications.background.backoff import backoff


class BackoffTests(SimpleTestCase):
    def pauses(self, failures):
        return [backoff(failures, first=0.1, longest=5) for _ in range(200)]

    def test_a_backoff_doubles_with_each_failure_and_varies_by_half(self):
        for failures, most in ((1, 0.1), (2, 0.2), (5, 1.6)):
            pauses = self.pauses(failures)
            self.assertLessEqual(max(pauses), most)
            self.assertGreaterEqual(min(pauses), most / 2)
            self.assertGreater(len(set(pauses)), 1)

    def test_a_backoff_is_never_longer_than_the_longest_however_many_failures(self):
        for failures in (8, 1024, 10**9):
            self.assertLessEqual(max(self.pauses(failures)), 5)

    def test_a_backoff_before_any_failure_is_that_after_the_first(self):
        self.assertLessEqual(max(self.pauses(0)), 0.1)

import time
from unittest import mock

from django.contrib.auth.models import User
from django.db import connection
from django.test import TransactionTestCase

from perftests.load import queries
from perftests.load.queries import StatementCounter


class StatementCounterTests(TransactionTestCase):
    def counted(self):
        """A counter of three statements, two of which are the same."""
        counter = StatementCounter()
        with connection.execute_wrapper(counter):
            User.objects.filter(username="ada").exists()
            User.objects.filter(username="grace").exists()
            User.objects.count()
        return counter

    def test_it_counts_statements_by_their_text_whatever_their_parameters(self):
        self.assertEqual(sorted(self.counted().statements.values()), [1, 2])

    def test_what_a_count_costs_is_timed_and_nothing_is_run_or_counted_for_it(self):
        counter = self.counted()
        before = counter.statements.copy()
        with self.assertNumQueries(0):
            seconds = counter.seconds_each()
        self.assertTrue(0 < seconds < 100e-6, seconds)
        self.assertEqual(counter.statements, before)

    def test_a_dearer_count_is_seen(self):
        class Slow(StatementCounter):
            def __call__(self, *arguments):
                begun = time.thread_time()
                while time.thread_time() < begun + 50e-6:
                    pass
                return super().__call__(*arguments)

        counter = self.counted()
        with mock.patch.object(queries, "StatementCounter", Slow):
            self.assertGreater(counter.seconds_each(), 50e-6)

    def test_before_anything_was_counted_it_costs_nothing(self):
        self.assertAlmostEqual(StatementCounter().seconds_each(), 0, delta=100e-6)

import time
from unittest import mock

from django.contrib.auth.models import User
from django.db import connection
from django.test import TransactionTestCase

from perftests.load.inside import queries
from perftests.load.inside.queries import StatementCounter


class StatementCounterTests(TransactionTestCase):
    def counted(self):
        """A counter of three statements, two of which are the same."""
        counter = StatementCounter()
        with connection.execute_wrapper(counter):
            User.objects.filter(username="ada").exists()
            User.objects.filter(username="grace").exists()
            User.objects.count()
        return counter

    def test_statements_are_counted_by_their_text_whatever_their_parameters(self):
        self.assertEqual(sorted(self.counted().statements.values()), [1, 2])

    def test_counting_a_statement_is_timed_without_running_or_counting_any(self):
        counter = self.counted()
        before = counter.statements.copy()
        with self.assertNumQueries(0):
            seconds = counter.seconds_each()
        self.assertTrue(0 < seconds < 100e-6, seconds)
        self.assertEqual(counter.statements, before)

    def test_a_slower_statement_counter_is_seen_to_cost_more(self):
        class Slow(StatementCounter):
            def __call__(self, *arguments):
                begun = time.thread_time()
                while time.thread_time() < begun + 50e-6:
                    pass
                return super().__call__(*arguments)

        counter = self.counted()
        with mock.patch.object(queries, "StatementCounter", Slow):
            self.assertGreater(counter.seconds_each(), 50e-6)

    def test_a_counter_that_has_counted_nothing_costs_nothing(self):
        self.assertAlmostEqual(StatementCounter().seconds_each(), 0, delta=100e-6)

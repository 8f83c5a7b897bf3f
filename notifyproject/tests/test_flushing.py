from django.db import OperationalError
from django.test import SimpleTestCase
from psycopg.errors import DeadlockDetected, LockNotAvailable

from notifyproject.flushing import TRIES, tried_again


class FlushTests(SimpleTestCase):
    def setUp(self):
        self.flushed = []

    def flush_after(self, *troubles):
        left = list(troubles)

        def flush(statements):
            if left:
                raise OperationalError from left.pop(0)
            self.flushed.append(statements)

        tried_again(flush)(["TRUNCATE"])

    def test_tables_are_emptied_again_after_a_deadlock_with_a_server(self):
        self.flush_after(DeadlockDetected(), DeadlockDetected())
        self.assertEqual(self.flushed, [["TRUNCATE"]])

    def test_tables_that_cannot_be_emptied_are_told_after_some_deadlocks(self):
        with self.assertRaises(OperationalError):
            self.flush_after(*[DeadlockDetected()] * TRIES)

    def test_another_trouble_with_emptying_tables_is_told_at_once(self):
        with self.assertRaises(OperationalError):
            self.flush_after(LockNotAvailable())

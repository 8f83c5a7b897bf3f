from collections import Counter

from django.test import SimpleTestCase

from perftests.suites.database.served import SERVED, TOGETHER, count_without_begin


class ServedStatementTests(SimpleTestCase):
    def test_everything_the_server_is_asked_for_has_a_name_of_its_own(self):
        names = {operation.name for operation in (*SERVED, *TOGETHER)}
        self.assertEqual(len(names), len(SERVED) + len(TOGETHER))

    def test_the_beginning_of_a_transaction_which_only_sqlite_is_told_is_no_statement(self):
        statements = Counter({"BEGIN IMMEDIATE": 2, "SELECT 1": 3, "UPDATE t SET a = 1": 1})
        self.assertEqual(count_without_begin(statements), 4)

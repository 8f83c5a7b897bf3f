from django.contrib.auth.models import Group, User
from django.test import TransactionTestCase

from perftests.suites.database.operations import OPERATIONS, Stock
from perftests.suites.kit import rows


def users(count):
    return [User.objects.create(username=f"user {number}") for number in range(count)]


# Whatever the suite says: written a second time, so that none is dropped.
AT_LEAST = {
    "notify one user",
    "notify one user, async",
    "notify one user with a key",
    "notify a group",
    "notify a list of users",
    "notify a list of primary keys",
    "notify a QuerySet",
    "admit by tickets",
    "admit by sessions",
    "replay many queues",
    "acknowledge",
    "list an inbox",
    "count unread",
    "mark as seen",
    "mark as read",
    "mark as archived",
    "read all",
    "statistics",
    "prune",
}


class OperationTests(TransactionTestCase):
    def test_the_statements_of_every_public_operation_are_counted(self):
        self.assertLessEqual(AT_LEAST, {operation.name for operation in OPERATIONS})

    def test_every_measured_operation_has_a_name_of_its_own(self):
        self.assertEqual(len({operation.name for operation in OPERATIONS}), len(OPERATIONS))

    def test_every_measured_operation_runs_on_a_stock_of_one(self):
        owner, other = users(2)
        group = Group.objects.create(name="one member")
        group.user_set.add(other)
        stock = Stock(owner, rows.queue_for([owner], 1)[0], [other], group)
        for operation in OPERATIONS:
            with self.subTest(operation.name):
                operation.run(stock)

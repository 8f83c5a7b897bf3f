import multiprocessing
from typing import get_args

from django.contrib.auth.models import User
from django.test import TransactionTestCase, tag

from notifications.models import Delivery, Notification
from notifications.offline import Mark
from notifications.send import notify
from perftests.suites import rows, write_path
from perftests.suites.operations import OPERATIONS, Stock, replay_all
from perftests.suites.writers import Orders, write_together


def users(count):
    return [User.objects.create(username=f"user {number}") for number in range(count)]


class StatementTests(TransactionTestCase):
    def test_begin_and_commit_are_counted(self):
        (user,) = users(1)
        self.assertEqual(rows.count_statements(lambda: notify(user, "Hello")), 4)

    def test_a_query_for_each_row_is_seen(self):
        rows.queue_for(users(2), 5)
        self.assertEqual(rows.count_statements(self.load_one_by_one), 11)

    def load_one_by_one(self):
        return [delivery.notification.title for delivery in Delivery.objects.all()]

    def test_every_operation_has_a_name_of_its_own(self):
        self.assertEqual(len({operation.name for operation in OPERATIONS}), len(OPERATIONS))

    def test_every_operation_runs_on_a_stock_of_one(self):
        owner, other = users(2)
        stock = Stock(owner, rows.queue_for([owner], 1)[0], [other])
        for operation in OPERATIONS:
            with self.subTest(operation.name):
                operation.run(stock)


class PlanTests(TransactionTestCase):
    def setUp(self):
        self.user, *others = users(20)
        rows.queue_for([self.user, *others], 50)
        rows.gather_statistics()

    def test_a_read_by_an_index_names_it(self):
        plan = rows.explain(lambda: Delivery.objects.filter(recipient=self.user).queued().count())
        self.assertEqual(plan, rows.Plan(("queued_and_unread",), 0))

    def test_a_list_that_is_a_parameter_is_no_table(self):
        plan = rows.explain(lambda: replay_all(Stock(self.user, [], [self.user])))
        self.assertEqual(plan.scans, 0)

    def test_a_read_of_the_whole_table_is_seen(self):
        plan = rows.explain(lambda: list(Delivery.objects.filter(seen_at=None).order_by()))
        self.assertEqual(plan, rows.Plan((), 1))


class RowsTests(TransactionTestCase):
    def test_users_stored_together_are_a_queryset(self):
        wanted = users(5)[1:4]
        self.assertQuerySetEqual(rows.as_queryset(wanted), wanted, ordered=False)


class WritePathTests(TransactionTestCase):
    def test_both_ways_write_the_same_rows(self):
        owner, *others = users(11)
        crowd = rows.as_queryset(others)
        contests = [
            write_path.inserting(crowd),
            write_path.acknowledging(crowd),
            write_path.reading_all(owner, 10),
            write_path.pruning(crowd),
        ]
        for contest in contests:
            for way in (contest.ours, contest.raw):
                with self.subTest(contest.name):
                    contest.prepare()
                    self.assertEqual(way(), 10)


@tag("alone")  # its processes cannot be started by a process of a pool
class WriterTests(TransactionTestCase):
    def test_processes_write_together_and_tell_what_changed(self):
        pks = [user.pk for user in users(4)]
        ids = [notify(pks, "To be marked").pk]

        done = write_together(
            [Orders(seed, pks, ids, ["shared"], get_args(Mark)) for seed in range(2)], 30
        )

        self.assertEqual([writer.errors for writer in done], [[], []])
        self.assertEqual(sum(writer.changed["archived"] for writer in done), 4)
        self.assertEqual(Notification.objects.count(), 1 + 1 + 2)
        self.assertFalse(Delivery.objects.filter(archived_at=None, notification__in=ids).exists())

    def test_a_write_that_fails_is_told(self):
        (user,) = users(1)
        nobody = user.pk + 1

        (done,) = write_together([Orders(0, [nobody], [1], ["shared"], ["read"])], 30)

        self.assertEqual(done.errors, [f"InvalidRecipient: no such user: {nobody}"] * 2)

    def test_no_process_is_left_behind(self):
        (user,) = users(1)
        write_together([Orders(0, [user.pk], [1], [], ["read"])], 30)
        self.assertEqual(multiprocessing.active_children(), [])

    def test_writers_that_take_too_long_are_ended(self):
        (user,) = users(1)
        with self.assertRaises(multiprocessing.TimeoutError):
            write_together([Orders(0, [user.pk], [1], [], ["read"])], 0.1)
        self.assertEqual(multiprocessing.active_children(), [])

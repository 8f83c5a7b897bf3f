import threading
from contextlib import contextmanager
from itertools import product

from django.contrib.auth.models import Group
from django.db import connection, connections, transaction
from django.test import TestCase, TransactionTestCase, override_settings
from django.test.utils import CaptureQueriesContext

from notifications.models import Delivery, Notification
from notifications.send import notify
from notifications.store import marking
from notifications.store.counting import count
from notifications.store.inserting import insert_deliveries
from notifications.store.limits import drop_excess
from notifications.store.marking import mark
from notifications.store.parameters import of_recipients
from notifications.store.pruning import prune
from notifications.store.stats import statistics

from ..users import User, make_user, make_users


class ListedRecipientTests(TestCase):
    def test_listed_recipients_are_primary_keys_of_users(self):
        alice, bob = make_user("alice"), make_user("bob")
        notify([alice, bob], "n")
        found = Delivery.objects.filter(of_recipients(connection, [alice.pk]))
        self.assertEqual([delivery.recipient for delivery in found], [alice])
        self.assertFalse(Delivery.objects.filter(of_recipients(connection, [])).exists())


class InsertDeliveriesTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.users = list(make_users(3))
        cls.pks = sorted(user.pk for user in cls.users)
        cls.notification = Notification.objects.create(title="Hi")

    def insert(self, users, *, new=False, returning):
        audience = users.order_by().values("pk").query.sql_with_params()
        return insert_deliveries(
            connection, self.notification.pk, audience, new=new, returning=returning
        )

    def test_inserting_deliveries_counts_the_new_recipients(self):
        self.assertEqual(self.insert(User.objects.all(), returning=False), 3)
        self.assertEqual(Delivery.objects.count(), 3)

    def test_inserting_deliveries_names_the_new_recipients(self):
        self.assertEqual(sorted(self.insert(User.objects.all(), returning=True)), self.pks)

    def test_a_recipient_who_has_the_notification_does_not_get_it_again(self):
        self.insert(User.objects.filter(pk=self.pks[0]), returning=False)
        Delivery.objects.all().mark_read()
        self.assertEqual(sorted(self.insert(User.objects.all(), returning=True)), self.pks[1:])
        self.assertEqual(self.insert(User.objects.all(), returning=False), 0)
        self.assertEqual(Delivery.objects.get(recipient=self.pks[0]).state, "read")

    def test_a_recipient_who_is_found_twice_gets_one_delivery(self):
        for name in ("one", "two"):
            Group.objects.create(name=name).user_set.set(self.users)
        users = User.objects.filter(groups__name__in=["one", "two"])
        for new in (True, False):
            with self.subTest(new=new):
                Delivery.objects.all().delete()
                self.assertEqual(sorted(self.insert(users, new=new, returning=True)), self.pks)

    def test_deliveries_of_a_new_notification_are_inserted_without_a_conflict_clause(self):
        for new in (True, False):
            with self.subTest(new=new), CaptureQueriesContext(connection) as queries:
                self.insert(User.objects.filter(pk=self.pks[new]), new=new, returning=False)
            self.assertEqual("ON CONFLICT" in queries[0]["sql"], not new)


class FreshTablePlanTests(TestCase):
    """Of a table that has grown since its analysis PostgreSQL expects next to none to be queued.

    A join may then compare each row of one table with each of the other: minutes, for 74,000 rows.
    """

    def setUp(self):
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE durable_notifications_delivery")
        self.users = make_users(300)
        for number in range(10):
            notify(self.users, f"n{number}")
        self.pks = list(self.users.values_list("pk", flat=True))

    @contextmanager
    def plans(self):
        plans = []
        with CaptureQueriesContext(connection) as queries:
            yield plans
        plans += [explain(query["sql"]) for query in queries if "durable" in query["sql"]]
        self.assertTrue(plans)

    @contextmanager
    def assert_no_join(self):
        with self.plans() as plans:
            yield
        for plan in plans:
            self.assertNotRegex(plan, "Join|Nested Loop")

    def test_counting_compares_no_two_tables_row_by_row_where_statistics_are_old(self):
        with self.assert_no_join():
            count(self.pks)
        with self.assert_no_join():
            statistics()

    @override_settings(NOTIFICATIONS={"MAX_QUEUED": 4})
    def test_dropping_finds_rows_by_their_keys_where_statistics_are_old(self):
        found = count(self.pks)
        with self.assert_no_join():
            lost = drop_excess(found)
        self.assertEqual(lost, dict.fromkeys(self.pks, 6))

    def test_pruning_finds_rows_by_their_keys_where_statistics_are_old(self):
        told = []
        with CaptureQueriesContext(connection) as queries:
            prune(0, batch_size=1000, done=told.append)
        self.assertEqual(sum(told), 3010)
        deletions = [query["sql"] for query in queries if query["sql"].startswith("DELETE")]
        self.assertEqual(len(deletions), 7)
        for plan in map(explain, deletions):
            self.assertRegex(plan, r"\(id = ANY|USING INTEGER PRIMARY KEY")


class UpdatePlanTests(TestCase):
    def test_an_ack_looks_for_its_row_by_user_and_notification(self):
        """Not through all that the user ever got."""
        users = make_users(300)
        ids = [notify(users, f"n{number}").pk for number in range(40)]
        marked = dict.fromkeys(users.values_list("pk", flat=True)[:3], ids[-3:])
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE durable_notifications_delivery")
        for traced in (False, True):
            settings = override_settings(NOTIFICATIONS={"TRACE_DEVICES": traced})
            with settings, CaptureQueriesContext(connection) as queries, transaction.atomic():
                mark("delivered", marked)
                transaction.set_rollback(True)
            [statement] = [query["sql"] for query in queries if "UPDATE" in query["sql"]]
            with self.subTest(traced=traced):
                self.assertRegex(
                    explain(statement), r"(Index Cond|USING .*INDEX).*_id\W+.* AND \W*\w+_id\W"
                )


def explain(statement):
    how = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with connection.cursor() as cursor:
        cursor.execute(f"{how} {statement}")
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


class MarkRaceTests(TransactionTestCase):
    def test_two_threads_that_mark_the_same_rows_do_not_block_each_other_for_ever(self):
        pks = list(make_users(100).values_list("pk", flat=True))
        notification = Notification.objects.create(title="Hi")
        Delivery.objects.bulk_create(
            Delivery(recipient_id=pk, notification=notification) for pk in pks
        )
        updated = []

        def run(order):
            try:
                for kind in ("delivered", "seen", "read", "archived"):
                    marked = {pk: [notification.pk] for pk in order}
                    with transaction.atomic():
                        updated.append(mark(kind, marked))
            finally:
                connections.close_all()

        threads = [threading.Thread(target=run, args=[order]) for order in (pks, pks[::-1])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        self.assertEqual((len(updated), sum(updated)), (8, 400))


@override_settings(NOTIFICATIONS={"TRACE_DEVICES": True})
class TracedMarkRaceTests(MarkRaceTests):
    pass


class PlanTests(TransactionTestCase):
    def test_acks_are_looked_up_one_by_one_though_by_the_statistics_nothing_is_queued(self):
        users = list(make_users(200))
        for _ in range(10):
            notify(users, "Acknowledged long ago")
        Delivery.objects.mark_delivered()
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM ANALYZE {Delivery._meta.db_table}")
        new = notify(users, "New").pk
        marked = {user.pk: [new] for user in users}
        for skip_locked, traced in product((False, True), repeat=2):
            with override_settings(NOTIFICATIONS={"TRACE_DEVICES": traced}):
                statement, params = marking._update(
                    connection, marked, ("delivered_at",), skip_locked=skip_locked
                )
            case = self.subTest(skip_locked=skip_locked, traced=traced)
            with case, connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN {statement}", params)
                plan = "\n".join(line for (line,) in cursor.fetchall())
                self.assertNotIn("Seq Scan", plan)


if connection.vendor != "postgresql":
    # There is nothing to skip: SQLite has no statistics here, and the order is written down.
    del PlanTests

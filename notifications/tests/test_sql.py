import threading
import uuid

from django.contrib.auth.models import Group
from django.db import connection, connections, models, transaction
from django.test import TestCase, TransactionTestCase
from django.test.utils import CaptureQueriesContext

from notifications import sql
from notifications.models import Delivery, Notification
from notifications.send import notify

from .users import User, make_user, make_users


class MembersTests(TestCase):
    def found(self, values, field):
        with connection.cursor() as cursor:
            subquery = sql.members(connection, values, field)
            cursor.execute(f"SELECT count(*) FROM ({subquery.sql}) AS listed", subquery.params)
            return cursor.fetchone()[0]

    def test_it_is_one_parameter_however_many_values_there_are(self):
        for number in (0, 1, 100_000):
            subquery = sql.members(connection, range(number), User._meta.pk)
            self.assertEqual(len(subquery.params), 1)
            self.assertEqual(self.found(range(number), User._meta.pk), number)

    def test_it_finds_rows_by_any_text(self):
        names = ["plain", "Zoë 👋", "it's", 'a "quote"', "back\\slash", "%s", "{1,2}", "NULL", ""]
        Group.objects.bulk_create(Group(name=name) for name in names)
        field = Group._meta.get_field("name")
        for name in names:
            found = Group.objects.filter(name__in=sql.members(connection, [name, "other"], field))
            self.assertEqual([group.name for group in found], [name])

    def test_it_takes_primary_keys_that_json_does_not_know(self):
        field = models.UUIDField()
        self.assertEqual(self.found([uuid.uuid4(), uuid.uuid4()], field), 2)

    def test_recipients_are_primary_keys_of_users(self):
        alice = make_user("alice")
        make_user("bob")
        found = User.objects.filter(pk__in=sql.recipients(connection, [alice.pk, str(alice.pk)]))
        self.assertEqual(list(found), [alice])


class InsertTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.users = list(make_users(3))
        cls.pks = sorted(user.pk for user in cls.users)
        cls.notification = Notification.objects.create(title="Hi")

    def insert(self, users, *, new=False, returning):
        audience = users.order_by().values("pk").query.sql_with_params()
        return sql.insert_deliveries(
            connection, self.notification.pk, audience, new=new, returning=returning
        )

    def test_it_counts_those_who_got_it(self):
        self.assertEqual(self.insert(User.objects.all(), returning=False), 3)
        self.assertEqual(Delivery.objects.count(), 3)

    def test_it_names_those_who_got_it(self):
        self.assertEqual(sorted(self.insert(User.objects.all(), returning=True)), self.pks)

    def test_who_has_it_already_does_not_get_it_again(self):
        self.insert(User.objects.filter(pk=self.pks[0]), returning=False)
        Delivery.objects.all().mark_read()
        self.assertEqual(sorted(self.insert(User.objects.all(), returning=True)), self.pks[1:])
        self.assertEqual(self.insert(User.objects.all(), returning=False), 0)
        self.assertEqual(Delivery.objects.get(recipient=self.pks[0]).state, "read")

    def test_who_is_found_twice_gets_it_once(self):
        for name in ("one", "two"):
            Group.objects.create(name=name).user_set.set(self.users)
        users = User.objects.filter(groups__name__in=["one", "two"])
        for new in (True, False):
            with self.subTest(new=new):
                Delivery.objects.all().delete()
                self.assertEqual(sorted(self.insert(users, new=new, returning=True)), self.pks)

    def test_a_new_one_is_not_looked_up_for_each_user(self):
        for new in (True, False):
            with self.subTest(new=new), CaptureQueriesContext(connection) as queries:
                self.insert(User.objects.filter(pk=self.pks[new]), new=new, returning=False)
            self.assertEqual("ON CONFLICT" in queries[0]["sql"], not new)


class UpdatePlanTests(TestCase):
    def test_an_ack_looks_for_its_row_by_user_and_notification(self):
        """Not through all that the user ever got."""
        users = make_users(300)
        ids = [notify(users, f"n{number}").pk for number in range(40)]
        marked = dict.fromkeys(users.values_list("pk", flat=True)[:3], ids[-3:])
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE notifications_delivery")
        with CaptureQueriesContext(connection) as queries, transaction.atomic():
            sql.update_marked(connection, marked, ["delivered_at"], unset="delivered_at")
            transaction.set_rollback(True)
        [statement] = [query["sql"] for query in queries if "UPDATE" in query["sql"]]
        self.assertRegex(
            explain(statement), r"(Index Cond|USING .*INDEX).*_id\W+.* AND \W*\w+_id\W"
        )


def explain(statement):
    how = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with connection.cursor() as cursor:
        cursor.execute(f"{how} {statement}")
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


class RaceTests(TransactionTestCase):
    def test_two_who_mark_the_same_rows_do_not_block_each_other_for_ever(self):
        pks = list(make_users(100).values_list("pk", flat=True))
        notification = Notification.objects.create(title="Hi")
        Delivery.objects.bulk_create(
            Delivery(recipient_id=pk, notification=notification) for pk in pks
        )
        updated = []

        def run(order):
            try:
                for column in ("delivered_at", "seen_at", "read_at", "archived_at"):
                    marked = {pk: [notification.pk] for pk in order}
                    with transaction.atomic():
                        updated.append(
                            sql.update_marked(connection, marked, [column], unset=column)
                        )
            finally:
                connections.close_all()

        threads = [threading.Thread(target=run, args=[order]) for order in (pks, pks[::-1])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        self.assertEqual((len(updated), sum(updated)), (8, 400))

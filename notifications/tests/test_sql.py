import threading
import uuid

from django.contrib.auth.models import Group
from django.db import connection, connections, models, transaction
from django.test import TestCase, TransactionTestCase

from notifications import sql
from notifications.models import Delivery, Notification

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

    def insert(self, users, *, returning):
        audience = users.order_by().values("pk").query.sql_with_params()
        return sql.insert_deliveries(
            connection, self.notification.pk, audience, returning=returning
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
        self.assertEqual(sorted(self.insert(users, returning=True)), self.pks)


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

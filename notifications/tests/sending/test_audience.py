from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.functional import SimpleLazyObject

from notifications.send import notify
from notifications.sending.audience import resolve

from .audiences import COLUMNS, SHAPES, USERS, UsersTestCase


class QuerySetRecipientTests(UsersTestCase):
    def test_a_queryset_reaches_whom_iterating_over_it_gives(self):
        for name, shape in SHAPES.items():
            with self.subTest(name), transaction.atomic():
                self.assert_reached(list(shape()), notify(shape(), "Hi", include_inactive=True))

    def test_inactive_users_of_any_queryset_are_left_out(self):
        for name, shape in SHAPES.items():
            with self.subTest(name), transaction.atomic():
                active = [user for user in shape() if user.is_active]
                self.assert_reached(active, notify(shape(), "Hi"))

    def test_columns_chosen_in_a_queryset_do_not_change_whom_it_reaches(self):
        users = USERS.filter(last_name="Brown").order_by("pk")
        for name, choose in COLUMNS.items():
            with self.subTest(name), transaction.atomic():
                expected = list(users[:2] if "sliced" in name else users)
                self.assert_reached(expected, notify(choose(users), "Hi", include_inactive=True))

    def test_no_queryset_of_recipients_is_read_into_python(self):
        for name, shape in SHAPES.items():
            users = shape()
            with self.subTest(name), transaction.atomic():
                with CaptureQueriesContext(connection) as queries:
                    notify(users, "Hi")
                reads = [q["sql"] for q in queries if q["sql"].startswith("SELECT")]
                self.assertEqual(reads, [])

    def test_a_queryset_with_row_locks_locks_no_user(self):
        for users in (USERS.select_for_update(), USERS.select_for_update().order_by("pk")[:3]):
            with CaptureQueriesContext(connection) as queries:
                notify(users, "Hi")
            self.assertEqual([q for q in queries if "FOR UPDATE" in q["sql"]], [])

    def test_notify_leaves_the_given_queryset_as_it_was(self):
        users = USERS.select_for_update().order_by("-username")[:2]
        notify(users, "Hi")
        self.assertTrue(users.query.select_for_update)
        self.assertEqual([user.username for user in users], ["user9", "user8"])

    def test_a_raw_query_reaches_the_users_it_gives(self):
        users = USERS.raw("SELECT * FROM auth_user WHERE last_name = 'Brown' AND is_active")
        self.assert_reached(list(users), notify(users, "Hi"))

    def test_a_queryset_of_recipients_is_not_counted_beforehand(self):
        audience = resolve(USERS.all(), using="default", include_inactive=False)
        self.assertIsNone(audience.listed)


class ListedRecipientTests(UsersTestCase):
    def test_a_user_can_be_the_recipient(self):
        self.assert_reached(self.users[:1], notify(self.users[0], "Hi"))

    def test_the_lazy_user_of_a_request_can_be_the_recipient(self):
        lazy = SimpleLazyObject(lambda: self.users[0])
        self.assert_reached(self.users[:1], notify(lazy, "Hi"))
        self.assert_reached(self.users[:1], notify([lazy], "Hi"))

    def test_any_iterable_of_users_or_primary_keys_can_be_the_recipients(self):
        chosen = self.users[:3]
        pks = [user.pk for user in chosen]
        for recipients in (
            chosen,
            tuple(chosen),
            set(chosen),
            (user for user in chosen),
            pks,
            iter(pks),
            dict.fromkeys(pks),
            [str(pk) for pk in pks],
            [chosen[0], pks[1], str(pks[2])],
        ):
            with self.subTest(recipients):
                self.assert_reached(chosen, notify(recipients, "Hi"))

    def test_a_group_reaches_its_active_members(self):
        group = Group.objects.get(name="staff")
        active = [user for user in group.user_set.all() if user.is_active]
        self.assert_reached(active, notify(group, "Hi"))

    def test_a_recipient_given_twice_gets_one_delivery(self):
        user = self.users[0]
        self.assert_reached([user], notify([user, user.pk, str(user.pk), user], "Hi"))

    def test_an_empty_audience_is_no_error(self):
        for nobody in ([], (), iter([]), USERS.none(), Group.objects.create(name="empty")):
            with self.subTest(nobody):
                self.assert_reached([], notify(nobody, "Hi"))

    def test_inactive_users_among_listed_recipients_are_left_out(self):
        everybody = [user.pk for user in self.users]
        self.assert_reached(self.active, notify(everybody, "Hi"))
        self.assert_reached(self.active, notify(self.users, "Hi"))
        self.assert_reached([], notify(USERS.get(username="user3"), "Hi"))

    def test_inactive_users_are_reached_if_they_are_asked_for(self):
        self.assert_reached(self.users, notify(self.users, "Hi", include_inactive=True))

    def test_a_recipient_who_was_deleted_meanwhile_is_left_out(self):
        gone = USERS.get(username="user1")
        USERS.filter(pk=gone.pk).delete()
        self.assert_reached(self.users[:1], notify([gone, self.users[0]], "Hi"))

    def test_each_listed_recipient_is_counted_once(self):
        pk = self.users[0].pk
        audience = resolve([pk, pk, self.users[1]], using="default", include_inactive=False)
        self.assertEqual(audience.listed, 2)

from django.contrib.auth.models import AnonymousUser, Group
from django.db import connection, connections, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, Window
from django.db.models.functions import RowNumber, Upper
from django.test import TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils.functional import SimpleLazyObject, lazystr
from django.utils.translation import gettext_lazy

from notifications.exceptions import InvalidRecipient
from notifications.models import Delivery
from notifications.send import notify
from notifications.sending.audience import resolve

from ..users import User, make_user

USERS = User.objects


def members(name):
    return USERS.filter(groups__name=name)


def distinct_on_a_column():
    """The order decides which of those with the same name it is; SQLite has no such thing."""
    users = USERS.order_by("last_name", "-username")
    can = connection.features.can_distinct_on_fields
    return users.distinct("last_name") if can else users.distinct()


SHAPES = {
    "all": lambda: USERS.all(),
    "filtered": lambda: USERS.filter(last_name="Brown"),
    "filtered by either": lambda: USERS.filter(Q(last_name="Brown") | Q(username="user1")),
    "excluded": lambda: USERS.exclude(last_name="Brown"),
    "ordered": lambda: USERS.order_by("-username"),
    "ordered at random": lambda: USERS.order_by("?"),
    "ordered by an expression": lambda: USERS.order_by(Upper("last_name").desc()),
    "ordered over a join": lambda: USERS.order_by("groups__name", "pk"),
    "reversed": lambda: USERS.order_by("username").reverse(),
    "sliced": lambda: USERS.order_by("pk")[:3],
    "sliced with an offset": lambda: USERS.order_by("pk")[2:5],
    "sliced by another column": lambda: USERS.order_by("-last_name", "-username")[:4],
    "sliced by an aggregate": lambda: USERS.annotate(n=Count("groups")).order_by("-n", "pk")[:3],
    "sliced to nothing": lambda: USERS.order_by("pk")[5:5],
    "distinct": lambda: USERS.distinct(),
    "distinct over a join": lambda: USERS.filter(groups__isnull=False).distinct(),
    "distinct, ordered by another column": lambda: USERS.order_by("last_name").distinct(),
    "distinct on a column": distinct_on_a_column,
    "distinct and sliced": lambda: members("staff").distinct().order_by("-username")[:2],
    "union": lambda: members("staff").union(members("press")),
    "union of three": lambda: members("staff").union(members("press"), USERS.filter(pk=1)),
    "union with duplicates": lambda: members("staff").union(members("press"), all=True),
    "union, ordered": lambda: members("staff").union(members("press")).order_by("username"),
    "union, sliced": lambda: members("staff").union(members("press")).order_by("-username")[:3],
    "intersection": lambda: members("staff").intersection(members("press")),
    "difference": lambda: members("staff").difference(members("press")),
    "combined by |": lambda: members("staff") | members("press"),
    "combined by &": lambda: USERS.filter(last_name="Brown") & USERS.exclude(username="user1"),
    "aggregated and filtered": lambda: USERS.annotate(n=Count("groups")).filter(n__gte=2),
    "aggregated": lambda: USERS.annotate(n=Count("groups")),
    "annotated": lambda: USERS.annotate(loud=Upper("last_name")).filter(loud="BROWN"),
    "aliased": lambda: USERS.alias(n=Count("groups")).filter(n=0),
    "ranked by a window": lambda: USERS.annotate(
        rank=Window(RowNumber(), partition_by=F("last_name"), order_by="username")
    ).filter(rank=1),
    "locked": lambda: USERS.select_for_update().filter(last_name="Brown"),
    "locked and sliced": lambda: USERS.select_for_update().order_by("pk")[:3],
    "locked, skipping": lambda: USERS.select_for_update(skip_locked=True),
    "joined twice": lambda: members("staff").filter(groups__name="press"),
    "joined with duplicates": lambda: USERS.filter(groups__name__in=["staff", "press"]),
    "joined by a group": lambda: Group.objects.get(name="staff").user_set.all(),
    "excluded over a join": lambda: USERS.exclude(groups__name="staff"),
    "in a subquery": lambda: USERS.filter(pk__in=members("staff").values("pk")),
    "in a sliced subquery": lambda: USERS.filter(pk__in=USERS.order_by("-pk")[:3].values("pk")),
    "where exists": lambda: USERS.filter(
        Exists(Group.objects.filter(user=OuterRef("pk"), name="press"))
    ),
    "in a list": lambda: USERS.filter(username__in=["user1", "user2", "nobody"]),
    "in an empty list": lambda: USERS.filter(pk__in=[]),
    "select_related": lambda: USERS.select_related(None).filter(last_name="Brown"),
    "prefetch_related": lambda: USERS.prefetch_related("groups"),
    "only": lambda: USERS.only("username"),
    "defer": lambda: USERS.defer("password", "email"),
    "none": lambda: USERS.none(),
    "by raw SQL": lambda: USERS.extra(where=["last_name = %s"], params=["Brown"]),
    "of another alias": lambda: USERS.using("default").filter(last_name="Brown"),
}
"""What iterates over users, by name."""

COLUMNS = {
    "values": lambda users: users.values("username", "email"),
    "values of the primary key": lambda users: users.values("pk"),
    "values_list": lambda users: users.values_list("username"),
    "values_list, flat": lambda users: users.values_list("pk", flat=True),
    "values_list, sliced": lambda users: users.values_list("last_name", flat=True)[:2],
    "values, united": lambda users: users.order_by().values("pk").union(USERS.none().values("pk")),
}
"""What chooses columns: the rows stay the same users."""


def recipients_of(notification):
    pks = Delivery.objects.filter(notification=notification).values_list("recipient_id", flat=True)
    return sorted(pks)


class UsersTestCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        staff, press = Group.objects.bulk_create([Group(name="staff"), Group(name="press")])
        for number in range(10):
            user = make_user(
                f"user{number}",
                last_name=["Brown", "Clark", "Adams"][number % 3],
                is_active=number not in (3, 7),
            )
            user.groups.set([staff] * (number % 2 == 0) + [press] * (number in (2, 3, 5, 8)))
        cls.users = list(USERS.order_by("pk"))
        cls.active = [user for user in cls.users if user.is_active]

    def assert_reached(self, users, notification):
        self.assertEqual(recipients_of(notification), sorted({user.pk for user in users}))


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


NO_LISTS = (bytearray(b"\x01"), memoryview(b"\x01"), gettext_lazy("1"), lazystr("1"))
"""What gives numbers, or texts of them, to whoever iterates over it."""


class RefusedRecipientTests(UsersTestCase):
    def assert_refused(self, recipients, message):
        with (
            self.subTest(recipients),
            CaptureQueriesContext(connection) as queries,
            self.assertRaisesRegex(InvalidRecipient, message),
        ):
            notify(recipients, "Hi")
        self.assertEqual([query for query in queries if "INSERT" in query["sql"]], [])

    def test_a_value_that_is_no_recipient_is_refused(self):
        message = "is not a recipient; give a user, a list of users or primary keys, a QuerySet of"
        for recipients in (
            None,
            7,
            1.5,
            True,
            "alice",
            b"alice",
            object(),
            USERS,
            AnonymousUser(),
            *NO_LISTS,
        ):
            self.assert_refused(recipients, message)

    def test_the_lazy_user_of_a_request_without_a_session_is_refused_as_a_recipient(self):
        lazy = SimpleLazyObject(AnonymousUser)
        self.assert_refused(lazy, "AnonymousUser.* is not a recipient")
        self.assert_refused([lazy], "AnonymousUser.* is not a saved user")

    def test_a_list_of_recipients_with_one_that_is_no_user_is_refused(self):
        for bad, message in (
            (None, "None is not a saved user"),
            (True, "True is not a saved user"),
            (1.5, "1.5 is not a saved user"),
            (float("inf"), "inf is not a saved user"),
            (AnonymousUser(), "AnonymousUser.* is not a saved user"),
            (Group.objects.get(name="staff"), "Group: staff.* is not a saved user"),
            (User(username="unsaved"), "user unsaved is not saved yet"),
            ("alice", "'alice' is not a primary key of a user"),
            ([1], r"\[1\] is not a primary key of a user"),
            (object(), "object.* is not a primary key of a user"),
        ):
            self.assert_refused([self.users[0], bad], message)

    def test_an_unsaved_user_is_refused_as_a_recipient(self):
        # Also one that has its primary key already, as those by UUID do.
        for unsaved in (User(username="unsaved"), User(pk=self.users[0].pk, username="unsaved")):
            self.assert_refused(unsaved, "user unsaved is not saved yet")

    def test_a_primary_key_that_no_user_has_is_refused(self):
        for missing in (10**6, 0, -1, 2**31, 2**63, -(2**70)):
            self.assert_refused([self.users[0], missing], f"no such user: {missing}$")

    def test_the_refusal_names_only_the_first_of_many_missing_users(self):
        named = "no such user: 100000, 100001, 100002, 100003, 100004 and others"
        self.assert_refused(range(100_000, 100_050), named)

    def test_a_queryset_of_another_model_than_users_is_refused(self):
        self.assert_refused(Group.objects.all(), "QuerySet of Group; give one of users")

    @override_settings(
        DATABASE_ROUTERS=["notifications.tests.doors.test_checks.UsersElsewhereRouter"]
    )
    def test_recipients_are_refused_where_users_live_in_another_database(self):
        """Their numbers would be those of others, if there is a table of users here as well."""
        connections.settings["users"] = {**connections.settings["default"], "NAME": "elsewhere"}
        self.addCleanup(connections.settings.pop, "users")
        self.addCleanup(connections.__delitem__, "users")
        message = "users are in the database 'users', and notifications in 'default'; see the check"
        self.assert_refused([self.users[0].pk], message)
        self.assert_refused(self.users[0], message)
        self.assert_refused(USERS.using("default"), message)


class OtherDatabaseTests(UsersTestCase):
    """Users who were read from another database may be others."""

    def setUp(self):
        connections.settings["archive"] = {**connections.settings["default"], "NAME": "elsewhere"}
        self.addCleanup(connections.settings.pop, "archive")
        self.addCleanup(connections.__delitem__, "archive")

    def recipients(self):
        """All forms of one user and of a group of users, read from the archive."""
        user, group = USERS.get(username="user1"), Group.objects.get(name="staff")
        group.user_set.set([user])
        user._state.db = group._state.db = "archive"
        queryset = USERS.filter(pk=user.pk)
        return (
            user,
            [user],
            group,
            queryset.using("archive"),
            queryset.values("pk").using("archive"),
        )

    def test_users_read_from_another_database_are_refused(self):
        for recipients in self.recipients():
            with self.assertRaisesRegex(InvalidRecipient, "are from the database 'archive', and"):
                notify(recipients, "Hi")

    @override_settings(DATABASE_ROUTERS=["notifications.tests.sending.test_audience.RelatedRouter"])
    def test_users_read_from_a_copy_are_reached_where_a_router_allows_the_relation(self):
        for recipients in self.recipients():
            self.assert_reached([self.users[1]], notify(recipients, "Hi"))

    @override_settings(DATABASE_ROUTERS=["notifications.tests.sending.test_audience.ReplicaRouter"])
    def test_users_read_from_the_replica_that_a_router_reads_are_reached(self):
        user, group = self.users[1], Group(pk=Group.objects.using("default").get(name="press").pk)
        user._state.db = group._state.db = "archive"
        group._state.adding = False
        self.assert_reached([user], notify(user, "Hi"))
        self.assert_reached([user], notify([user], "Hi"))
        notify(group, "Hi")

    def assert_reached(self, users, notification):
        found = Delivery.objects.using("default").filter(notification=notification.pk)
        self.assertEqual(
            sorted(found.values_list("recipient_id", flat=True)), [user.pk for user in users]
        )


class RelatedRouter:
    def allow_relation(self, obj1, obj2, **hints):
        return True


class ReplicaRouter:
    def db_for_read(self, model, **hints):
        return "archive"

    def db_for_write(self, model, **hints):
        return "default"

from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber
from django.test.utils import CaptureQueriesContext

from notifications.exceptions import InvalidRecipient
from notifications.models import Notification
from notifications.send import notify

from .audiences import USERS, UsersTestCase, members


def ranked(order):
    rank = Window(RowNumber(), partition_by=F("last_name"), order_by=order)
    return USERS.annotate(rank=rank)


def both(method, choose):
    return getattr(choose(members("staff")), method)(choose(members("press")))


def keys(users):
    return users.values("id")


SHAPES = {
    "union of keys": lambda: both("union", keys),
    "intersection of keys": lambda: both("intersection", keys),
    "difference of keys": lambda: both("difference", keys),
    "union of flat keys": lambda: both("union", lambda u: u.values_list("pk", flat=True)),
    "difference of flat keys": lambda: both("difference", lambda u: u.values_list("pk", flat=True)),
    "union of some columns": lambda: both("union", lambda u: u.values("username", "id")),
    "union of renamed keys": lambda: both("union", lambda u: u.values_list(F("pk"), "email")),
    "union of annotated": lambda: both("union", lambda u: u.annotate(n=Count("groups"))),
    "union of deferred": lambda: both("union", lambda u: u.only("username")),
    "union of keys, sliced": lambda: both("union", keys).order_by("id")[1:3],
    "union, reversed and sliced": lambda: (
        members("staff").union(members("press")).order_by("username").reverse()[:3]
    ),
    "union, sliced by an expression": lambda: (
        members("staff").union(members("press")).order_by(F("username").desc())[:2]
    ),
    "difference with a union": lambda: USERS.difference(members("staff").union(members("press"))),
    "intersection with nobody": lambda: members("staff").intersection(USERS.none()),
    "difference without anybody": lambda: members("staff").difference(USERS.none()),
    "difference from nobody": lambda: USERS.none().difference(members("staff")),
    "last of a window": lambda: ranked("-username").filter(rank=1),
    "window, sliced": lambda: ranked("-username").filter(rank__lte=2).order_by("username")[:4],
    "annotated over a join, sliced": lambda: USERS.annotate(g=F("groups__name")).order_by("pk")[:3],
    "distinct over a join, sliced": lambda: USERS.order_by("groups__name", "pk").distinct()[:3],
    "by another table": lambda: USERS.extra(
        tables=["auth_user_groups"], where=["auth_user_groups.user_id = auth_user.id"]
    ),
    "sliced by raw SQL": lambda: USERS.extra(select={"n": "length(username)"}).order_by("n", "pk")[
        :2
    ],
    "keys, annotated": lambda: USERS.values("pk").annotate(n=Count("groups")).filter(n__gte=2),
    "keys, annotated and sliced": lambda: (
        USERS.values("pk", "email").annotate(n=Count("groups")).order_by("-n", "pk")[:3]
    ),
    "distinct keys": lambda: members("staff").values("pk", "last_name").distinct(),
}
"""What Django reads on both databases, by name."""


def key_of(row):
    """The primary key of a user, or of a row of chosen columns."""
    if isinstance(row, dict):
        return row.get("id", row.get("pk"))
    if isinstance(row, tuple):
        return row[0]
    return getattr(row, "pk", row)


class QuerySetShapeTests(UsersTestCase):
    def test_a_queryset_reaches_whom_its_rows_name(self):
        by_pk = {user.pk: user for user in self.users}
        for name, shape in SHAPES.items():
            rows = [by_pk[key_of(row)] for row in shape()]
            with self.subTest(name), transaction.atomic():
                self.assert_reached(rows, notify(shape(), "Hi", include_inactive=True))
            with self.subTest(f"{name}, active"), transaction.atomic():
                active = [user for user in rows if user.is_active]
                self.assert_reached(active, notify(shape(), "Hi"))

    def test_combined_slices_reach_their_users_on_every_database(self):
        users = USERS.order_by("pk")[:3].union(USERS.order_by("-pk")[:2])
        expected = [*self.users[:3], *self.users[-2:]]
        self.assert_reached(expected, notify(users, "Hi", include_inactive=True))

    def test_combined_querysets_with_row_locks_reach_their_users_on_every_database(self):
        users = members("staff").select_for_update().union(members("press").select_for_update())
        expected = [u for u in self.users if u.groups.exists()]
        self.assert_reached(expected, notify(users, "Hi", include_inactive=True))

    def test_columns_chosen_of_a_grouped_queryset_do_not_change_whom_it_reaches(self):
        busy = USERS.annotate(n=Count("groups")).values("username").filter(n=2)
        expected = [u for u in self.users if u.groups.count() == 2]
        self.assert_reached(expected, notify(busy, "Hi", include_inactive=True))


class RefusedQuerySetTests(UsersTestCase):
    def assert_refused(self, users, message):
        with (
            CaptureQueriesContext(connection) as queries,
            self.assertRaisesRegex(InvalidRecipient, message),
        ):
            notify(users, "Hi")
        self.assertEqual(len(queries), 0)
        self.assertFalse(Notification.objects.exists())

    def test_a_queryset_of_groups_of_users_is_refused(self):
        names = USERS.values("last_name").annotate(n=Count("pk"))
        for users in (names, names.filter(n__gte=2), names.values("pk"), names.order_by("n")[:2]):
            self.assert_refused(users, "a QuerySet of groups of users, by values.. before annotate")

    def test_a_queryset_of_distinct_values_is_refused(self):
        for users in (USERS.values("last_name").distinct(), USERS.dates("date_joined", "year")):
            self.assert_refused(users, "a QuerySet of distinct values; choose the primary key")

    def test_a_combination_of_values_without_the_primary_key_is_refused(self):
        for method in ("union", "intersection", "difference"):
            users = both(method, lambda users: users.values("last_name"))
            self.assert_refused(users, f"a {method} of values without the primary key")

    def test_a_union_of_users_with_another_model_is_refused(self):
        users = USERS.values("id").union(Group.objects.values("id"))
        self.assert_refused(users, "QuerySet of Group; give one of users")

    def test_a_combination_that_compares_annotations_is_refused(self):
        for method in ("intersection", "difference"):
            users = both(method, lambda users: users.annotate(n=Count("groups")))
            self.assert_refused(users, f"a {method} of annotated QuerySets, which compares")

    def test_a_slice_of_users_that_counts_a_user_twice_is_refused(self):
        users = members("staff").union(members("press"), all=True).order_by("pk")[:3]
        self.assert_refused(users, "may count a user twice; leave out all=True")

    def test_a_column_that_names_other_users_is_refused(self):
        users = USERS.values_list("logentry__user", flat=True)
        self.assert_refused(users, "a column that names other users; give a QuerySet of those")

    def test_a_queryset_that_django_itself_cannot_read_is_refused(self):
        ordered = members("staff").annotate(n=Count("groups")).union(USERS.annotate(n=Count("pk")))
        self.assert_refused(ordered.order_by("n")[:2], "a QuerySet that cannot be read: .*'n'")
        elsewhere = USERS.filter(groups__in=Group.objects.using("elsewhere"))
        self.assert_refused(elsewhere, "a QuerySet that cannot be read: Subqueries aren't allowed")

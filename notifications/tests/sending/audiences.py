"""Ten users in two groups, and every shape of a query for some of them."""

from django.contrib.auth.models import Group
from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, Window
from django.db.models.functions import RowNumber, Upper
from django.test import TestCase

from notifications.models import Delivery

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

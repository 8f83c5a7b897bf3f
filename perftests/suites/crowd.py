"""Users in great number, and one notification to all of them."""

from functools import partial

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import QuerySet

from notifications.models import Delivery
from notifications.send import notify
from perftests.measure.metrics import PerformanceMetrics
from perftests.testcases import PerformanceTestCase

from .rows import count_statements

REPEATS = 3


def create_crowd(template: User, size: int) -> QuerySet[User]:
    """Copy a stored user `size` times, in one statement: a hundred thousand take a second.

    Each copy's name is that of `template` with a number behind it; the QuerySet is of the copies.
    """
    model = get_user_model()
    meta, name = model._meta, model.USERNAME_FIELD
    fields = {f.name: str(f.column) for f in meta.concrete_fields if f is not meta.pk}
    name_column = fields.pop(name)
    listed = ", ".join(fields.values())
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {meta.db_table} ({name_column}, {listed}) "  # noqa: S608 - own names
            "WITH RECURSIVE numbers (n) AS "
            "(SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %s) "
            f"SELECT {name_column} || '_' || n, {listed} FROM {meta.db_table}, numbers "
            f"WHERE {meta.pk.column} = %s",
            [size, template.pk],
        )
    names = f"{template.get_username()}_"
    return model._default_manager.filter(**{f"{name}__startswith": names})


def measure_audiences(test: PerformanceTestCase, crowd: QuerySet[User]) -> None:
    """Notify one, a thousand and all of a crowd by QuerySet: queries, rows, and rows a second."""
    size = crowd.count()
    queries = [
        count_statements(partial(notify, users, "Load"))
        for users in (crowd[:1], crowd[:1000], crowd)
    ]
    metrics = PerformanceMetrics()
    for _ in range(REPEATS):
        with metrics.time():
            notify(crowd, "Load")
    missing = 1 + 1000 + size * (1 + REPEATS) - Delivery.objects.filter(recipient__in=crowd).count()
    test.measure("to many: missing", missing, "deliveries", asked="== 0")
    rate = size / metrics.summary().median * 1000
    test.measure("to many: rate", rate, "recipients/s", ours="> 100000")
    test.measure("to many: queries", queries[-1], "queries", better="lower")
    growth = max(queries) - min(queries)
    test.measure("to many: more queries than to one", growth, "queries", ours="== 0")

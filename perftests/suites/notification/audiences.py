"""One notification to audiences of any size."""

from collections.abc import Sequence
from functools import partial

from django.contrib.auth.models import Group, User
from django.db.models import QuerySet

from notifications.models import Delivery
from notifications.send import notify
from perftests.measure.metrics import PerformanceMetrics

from ..kit.contexts import Recorder
from ..kit.rows import count_statements

REPEATS = 3


def create_group(users: Sequence[User]) -> Group:
    """A group of these users."""
    group = Group.objects.create(name="Load")
    group.user_set.set(users)
    return group


def measure_audiences(recorder: Recorder, crowd: QuerySet[User]) -> None:
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
    recorder.measure("to many: missing", missing, "deliveries", required="== 0")
    rate = size / metrics.summary().median * 1000
    recorder.measure("to many: rate", rate, "recipients/s", goal="> 100000")
    recorder.measure("to many: queries", queries[-1], "queries", better="lower")
    growth = max(queries) - min(queries)
    recorder.measure("to many: more queries than to one", growth, "queries", required="== 0")

"""Storing for many: `notify` beside plain SQL and what the ORM offers, and acks."""

import time
from collections.abc import Callable

from django.contrib.auth.models import User
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import QuerySet

from notifications.models import Delivery, Notification
from notifications.send import notify
from notifications.store import marking
from perftests.measure.stats import median
from perftests.testcases import PerformanceTestCase, row
from perftests.workloads import workload

from ..kit.contest import measure_ratio, take_turns
from ..kit.crowd import create_crowd
from ..kit.rows import insert_plainly
from ..kit.server import private_layer
from .usual_rows import UsualNotification, usual_bulk_create, usual_table
from .workloads import StoredAcks, Storing

ACKS_AT_ONCE = 5_000
IDS_EACH = 10

GOAL_RECIPIENTS = 100_000
"""With fewer, the statement around the rows weighs more."""

BULK_GOALS = {"sqlite": ">= 20", "postgresql": ">= 10"}
ACK_GOALS = {"sqlite": ">= 50000", "postgresql": ">= 30000"}


class EngineWriteTests(PerformanceTestCase):
    suite = "engine"
    on_request = True

    def setUp(self) -> None:
        super().setUp()
        self.enterContext(private_layer())

    @row("E8")
    @workload(Storing)
    def test_notify_stores_nearly_as_fast_as_plain_sql(self, load: Storing) -> None:
        """One notification to many, beside plain SQL, `bulk_create` and a loop that saves"""
        count, bulk, saves = load.recipients, load.bulk, load.saves
        self.enterContext(usual_table())
        [template] = self.create_users(1)
        crowd = create_crowd(template, count)
        writer = Writer(crowd)
        rates = take_turns(
            self,
            notify=lambda: writer.rate(notify_all, count),
            plain_sql=lambda: writer.rate(insert_select, count),
            bulk_create=lambda: writer.rate(bulk_create, bulk),
            usual_rows=lambda: writer.rate(bulk_create_usual_rows, bulk),
            saves=lambda: writer.rate(save_each, saves),
        )
        for name, measured in rates.items():
            self.measure(name, median(measured), "rows/s", better="higher")
        bulk_goal = BULK_GOALS[connection.vendor]
        goals = {"plain_sql": ">= 0.6", "bulk_create": bulk_goal, "usual_rows": bulk_goal}
        for name in ("plain_sql", "usual_rows", "bulk_create", "saves"):
            goal = goals.get(name, "") if count >= GOAL_RECIPIENTS else ""
            measure_ratio(self, f"notify ÷ {name}", rates[name], rates["notify"], goal=goal)
        self.measure("missing", writer.missing, "rows", required="== 0")
        self.note(
            "usual_rows is bulk_create of rows that hold the whole content, one for each "
            "recipient, with the columns and indexes of django-notifications-hq; the others write "
            "our small deliveries. Each writes in one transaction, into empty tables."
        )

    @row("E9")
    @workload(StoredAcks)
    def test_acks_are_stored_in_great_number(self, load: StoredAcks) -> None:
        """Acks of many users, stored in large batches"""
        count = load.users * IDS_EACH
        [template] = self.create_users(1)
        crowd = create_crowd(template, load.users)
        ids = [notify(crowd, "To be acknowledged").pk for _ in range(IDS_EACH)]
        pks = list(crowd.values_list("pk", flat=True))
        size = ACKS_AT_ONCE // IDS_EACH
        rates, stored = [], 0
        for first in range(0, len(pks), size):
            begun = time.perf_counter()
            acked = marking.mark("delivered", dict.fromkeys(pks[first : first + size], ids))
            rates.append(acked / (time.perf_counter() - begun))
            stored += acked
        goal = ACK_GOALS[connection.vendor]
        self.measure("acks stored", median(rates), "acks/s", better="higher", goal=goal)
        self.measure("acks lost", count - stored, "acks", required="== 0")
        self.note(f"Each UPDATE stores {ACKS_AT_ONCE:,} acks; the rate is the median of all.")


Write = Callable[[QuerySet[User], int], object]


class Writer:
    """Stores deliveries for the first of a crowd, one way after the other.

    Each way finds the tables empty: in a table that grows, the later ones would be slower.
    """

    def __init__(self, crowd: QuerySet[User]) -> None:
        self.missing = 0
        self._crowd = crowd

    def rate(self, write: Write, count: int) -> float:
        """Rows per second of one way to store `count` of them."""
        begun = time.perf_counter()
        with transaction.atomic():
            write(self._crowd, count)
        seconds = time.perf_counter() - begun
        self.missing += count - Delivery.objects.count() - UsualNotification.objects.count()
        self._empty_tables()
        return count / seconds

    def _empty_tables(self) -> None:
        tables = [model._meta.db_table for model in (Delivery, UsualNotification)]
        connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), tables))


def notify_all(crowd: QuerySet[User], count: int) -> None:
    notify(crowd, "To everybody")


def insert_select(crowd: QuerySet[User], count: int) -> None:
    """The least SQL that stores the same, with the same search for the users."""
    insert_plainly(crowd.filter(is_active=True), "To everybody")


def bulk_create(crowd: QuerySet[User], count: int) -> None:
    notification = Notification.objects.create(title="To everybody")
    users = crowd[:count]
    Delivery.objects.bulk_create(Delivery(recipient=u, notification=notification) for u in users)


def bulk_create_usual_rows(crowd: QuerySet[User], count: int) -> None:
    usual_bulk_create(crowd[:count], "To everybody")


def save_each(crowd: QuerySet[User], count: int) -> None:
    notification = Notification.objects.create(title="To everybody")
    for user in crowd[:count]:
        Delivery(recipient=user, notification=notification).save()

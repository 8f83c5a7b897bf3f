"""Faults of the rows D1 to D4."""

from django.db import transaction
from django.utils import timezone

from notifications import offline, pruning, sql
from notifications.models import Delivery

from .planting import fault

MAX_PARAMETERS = 999
STATES = ("delivered_at", "seen_at", "read_at", "archived_at")


@fault("D1", "prune, 10 rows", "prune, 200 rows")
def pruned_one_by_one(plant):
    """The deliveries of old notifications are deleted by a statement for each notification."""
    deliveries, notifications = pruning._deliveries, pruning._notifications

    def one_by_one(days):
        _, orphaned = deliveries(days)
        old = list(notifications(days))
        return [*(Delivery.objects.filter(notification=n) for n in old), orphaned]

    plant(pruning, "_deliveries", one_by_one)


@fault("D2", "replay a queue, whole reads of a table")
def columns_calculated_with(plant):
    """A page of the queue is found by what is calculated from columns, which is in no index."""
    lists = sql._lists

    def calculate(connection, statement, params):
        for column in ("q.recipient_id =", "q.notification_id >"):
            statement = statement.replace(column, f"0 + {column}")
        return lists(connection, statement, params)

    plant(sql, "_lists", calculate)


@fault("D3", "acknowledge, share of plain SQL")
def acks_one_by_one(plant):
    """The acks of more users than SQLite once took parameters are written one by one."""
    update = sql.update_marked

    def update_one_by_one(connection, marked, *columns, **options):
        if len(marked) <= MAX_PARAMETERS:
            return update(connection, marked, *columns, **options)
        with transaction.atomic(using=connection.alias):
            each = ({pk: ids} for pk, ids in marked.items())
            return sum(update(connection, mine, *columns, **options) for mine in each)

    plant(sql, "update_marked", update_one_by_one)


@fault("D4", "lost updates", "rows marked twice")
def deliveries_saved_from_a_cache(plant):
    """Marks of several users and notifications save whole rows, as they were at the first time."""
    mark = offline.mark
    read = {}

    def mark_read_rows(kind, marked):
        if len(marked) < 2 or min(map(len, marked.values())) < 2:
            return mark(kind, marked)
        if not read:
            read.update(((d.recipient_id, d.notification_id), d) for d in Delivery.objects.all())
        rows = [read.get((pk, number)) for pk, ids in marked.items() for number in ids]
        if kind == "delivered" or None in rows:
            return mark(kind, marked)
        return save(kind, [row for row in rows if getattr(row, f"{kind}_at") is None])

    plant(offline, "mark", mark_read_rows)


def save(kind, rows):
    """Mark these objects and save all their states."""
    now = timezone.now()
    for row in rows:
        for column in offline._COLUMNS[kind]:
            setattr(row, column, getattr(row, column) or now)
    Delivery.objects.bulk_update(rows, STATES)
    return len(rows)

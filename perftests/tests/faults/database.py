"""Faults of the rows D2 to D4."""

import time
from copy import deepcopy
from importlib import import_module

from django.db import transaction
from django.db.models.functions import Coalesce
from django.utils import timezone

from notifications import send
from notifications.db.clock import days_ago
from notifications.hub.delivery import edits
from notifications.models import Delivery, DeliveryQuerySet, Notification
from notifications.sending import fanout
from notifications.states import IMPLIED
from notifications.store import marking, pruning, queue
from notifications.store.database import database
from notifications.wire import hints
from perftests.suites.database import lookups

from .planting import fault

MAX_PARAMETERS = 999
LEFT_OUT = "queued_and_unread"
SLOWER = 15  # the writing alone, which is two thirds of it
STATES = ("delivered_at", "seen_at", "read_at", "archived_at")


@fault("D3", "notify a list, calls for each recipient")
def a_hint_for_each_recipient(plant):
    """Each of several recipients gets a hint of its own, encoded anew."""
    publish = fanout._publish_on_commit

    def publish_each(message, using):
        payload, groups = message
        for group in groups:
            publish((hints.encode(hints.decode(payload)), [group]), using)

    plant(fanout, "_publish_on_commit", publish_each)


@fault(
    "D2",
    "count queued and unread, without its index",
    "count unread, without its index",
    "find what is overdue, without its index",
    "replay a queue, without its index",
)
def an_index_left_out(plant):
    """The migration leaves out the index of what is queued and unread."""
    migration = import_module("notifications.migrations.0001_initial").Migration
    operations = deepcopy(migration.operations)
    for operation in operations:
        options = getattr(operation, "options", {})
        kept = [index for index in options.get("indexes", ()) if index.name != LEFT_OUT]
        options["indexes"] = kept
    plant(migration, "operations", operations)


@fault("D2", "list an inbox, growth of its work")
def inboxes_sorted_by_what_is_in_no_index(plant):
    """An inbox is sorted by when its deliveries were sent, not by their notifications."""
    inbox = DeliveryQuerySet.inbox
    plant(DeliveryQuerySet, "inbox", lambda self: inbox(self).order_by("-delivered_at", "-pk"))


@fault("D2", "acknowledge, growth of its work", "mark as read, growth of its work")
def marks_that_calculate(plant):
    """The deliveries to mark are found by what is calculated from columns, which is in no index."""
    update = marking._update

    def calculate(*args, **options):
        statement, params = update(*args, **options)
        for table in ("d", marking._TABLE):
            for column in (f"{table}.recipient_id =", f"{table}.notification_id ="):
                statement = statement.replace(column, f"0 + {column}")
        return statement, params

    plant(marking, "_update", calculate)


@fault("D2", "find what was edited, growth of its work", "find what was edited, without its index")
def edits_told_by_changes(plant):
    """What was edited lately is told by when it was edited or made, which is calculated."""

    def by_changes(age):
        changed = Notification.objects.annotate(at=Coalesce("edited_at", "created_at"))
        rows = changed.filter(at__gte=timezone.now() - age).values_list("pk", "edited_at")
        return {pk: edited_at for pk, edited_at in rows.order_by() if edited_at}

    plant(edits, "edited_lately", by_changes)
    plant(lookups, "edited_lately", by_changes)


@fault("D2", "prune, without its index")
def pruning_by_dates(plant):
    """What is old is told by the date of its creation, which is calculated for every row."""

    def by_dates(days):
        all_ = Notification.objects.order_by()
        return all_.filter(created_at__date__lt=days_ago(days)) | all_.expired()

    plant(pruning, "_old", by_dates)


@fault("D2", "replay a queue, whole reads of a table", "replay a queue, without its index")
def columns_calculated_with(plant):
    """A page of the queue is found by what is calculated from columns, which is in no index."""
    select_lists = queue.select_lists

    def calculate(connection, statement, params):
        for column in ("q.recipient_id =", "q.notification_id >"):
            statement = statement.replace(column, f"0 + {column}")
        return select_lists(connection, statement, params)

    plant(queue, "select_lists", calculate)


@fault("D3", "acknowledge, statements")
def acks_one_by_one(plant):
    """The acks of more users than SQLite once took parameters are written one by one."""
    mark = marking.mark

    def mark_one_by_one(kind, marked):
        if len(marked) <= MAX_PARAMETERS:
            return mark(kind, marked)
        with transaction.atomic(using=database()):
            return sum(mark(kind, {pk: ids}) for pk, ids in marked.items())

    plant(marking, "mark", mark_one_by_one)


@fault("D3", "notify one, share of plain SQL")
def notify_ten_times_slower(plant):
    """Writing the rows of a notification takes so long that `notify` is ten times slower."""
    write = send.write

    def write_slowly(*args):
        begun = time.perf_counter()
        written = write(*args)
        time.sleep(SLOWER * (time.perf_counter() - begun))
        return written

    plant(send, "write", write_slowly)


@fault("D4", "lost updates", "rows marked twice")
def deliveries_saved_from_a_cache(plant):
    """Marks of several users and notifications save whole rows, as they were at the first time."""
    mark = marking.mark
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

    plant(marking, "mark", mark_read_rows)


def save(kind, rows):
    """Mark these objects and save all their states."""
    now = timezone.now()
    for row in rows:
        for column in IMPLIED[kind]:
            setattr(row, column, getattr(row, column) or now)
    Delivery.objects.bulk_update(rows, STATES)
    return len(rows)

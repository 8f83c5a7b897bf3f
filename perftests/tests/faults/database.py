"""Faults of the rows D1 to D4."""

import time
from copy import deepcopy
from importlib import import_module

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from notifications import send
from notifications.db.clock import days_ago
from notifications.hub.delivery import acks, frames
from notifications.hub.delivery.incoming import Incoming
from notifications.models import Delivery, DeliveryQuerySet, Notification
from notifications.sending import fanout
from notifications.states import IMPLIED
from notifications.store import marking, pruning, queue
from notifications.store.counting import count
from notifications.store.database import database
from notifications.wire import hints

from .planting import fault

MAX_PARAMETERS = 999
LEFT_OUT = "queued_and_unread"
SLOWER = 15  # the writing alone, which is two thirds of it
STATES = ("delivered_at", "seen_at", "read_at", "archived_at")


@fault("D1", "prune, 10 rows", "prune, 200 rows")
def pruned_one_by_one(plant):
    """The deliveries of old notifications are deleted by a statement for each notification."""
    of_deliveries, old_ones = pruning._deliveries, pruning._old

    def one_by_one(days):
        _, orphaned = of_deliveries(days)
        old = list(old_ones(days))
        return [*(Delivery.objects.filter(notification=n) for n in old), orphaned]

    plant(pruning, "_deliveries", one_by_one)


@fault("D1", "notify one user, 10 rows", "served: a push to one")
def one_user_looked_up(plant):
    """A single recipient is looked up before the audience is."""
    resolve = send.resolve

    def look_and_resolve(recipients, **options):
        few = [recipients] if isinstance(recipients, Model) else recipients
        if isinstance(few, list) and len(few) == 1:
            get_user_model().objects.filter(pk=getattr(few[0], "pk", few[0])).exists()
        return resolve(recipients, **options)

    plant(send, "resolve", look_and_resolve)


@fault("D1", "served: a newcomer with a queue")
def a_query_for_each_text(plant):
    """The hub reads the text of each notification by a query of its own."""
    read = frames.read_frames

    def read_one_by_one(ids, left_out):
        return {pk: frame for one in ids for pk, frame in read([one], left_out).items()}

    plant(frames, "read_frames", read_one_by_one)


@fault("D1", "served: ack frame")
def a_count_after_each_ack(plant):
    """What is left of a queue is counted whenever an ack is written."""
    mark = acks.mark

    def mark_and_count(kind, marked, *options):
        done = mark(kind, marked, *options)
        count(marked)
        return done

    plant(acks, "mark", mark_and_count)


@fault("D1", "served: a long queue, acknowledged one by one")
def a_page_for_each_ack(plant):
    """Each ack of one id lets the next page of the queue be read, whatever the credit is."""
    acknowledged = Incoming.acknowledged

    def acknowledge_and_read(self, socket, ids):
        taken = acknowledged(self, socket, ids)
        if taken:
            self._replay.resume(socket)
        return taken

    plant(Incoming, "acknowledged", acknowledge_and_read)


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

"""The write path next to the least SQL that writes the same rows."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import QuerySet

from notifications.models import Delivery, Notification
from notifications.send import notify
from notifications.store import marking

from ..kit.rows import insert_plainly, queue_for
from .operations import prune_all

SENT_TO_ONE = 50
BODY = "Something happened that you may want to know about. " * 5


def nothing() -> None:
    """No preparation."""


@dataclass(frozen=True, slots=True)
class Contest:
    """Two ways to write the same rows, each of which returns their number.

    Ours takes so many `statements`, BEGIN and COMMIT among them, whatever the number of rows.
    `prepare` runs before either of them and is not timed; `required` and `goal` are what the share
    of ours in the rate of plain SQL has to be, and should be.
    """

    name: str
    ours: Callable[[], int]
    raw: Callable[[], int]
    statements: int
    required: str
    prepare: Callable[[], object] = nothing
    goal: str = ""


def notifying_one(user: User) -> Contest:
    """Some notifications to one user, each by itself."""

    def ours() -> int:
        for _ in range(SENT_TO_ONE):
            notify(user, "To one", body=BODY)
        return SENT_TO_ONE

    def raw() -> int:
        for _ in range(SENT_TO_ONE):
            insert_one(user.pk)
        return SENT_TO_ONE

    return Contest("notify one", ours, raw, statements=4 * SENT_TO_ONE, required=">= 0.07")


def inserting(crowd: QuerySet[Any]) -> Contest:
    """One notification to a crowd."""
    count = crowd.count()

    def ours() -> int:
        notify(crowd, "To everybody")
        return count

    raw = transaction.atomic(partial(insert_plainly, crowd, "To everybody"))
    return Contest("insert", ours, raw, statements=4, required=">= 0.2", goal=">= 0.6")


def acknowledging(crowd: QuerySet[Any]) -> Contest:
    """One ack from each of a crowd, written together."""
    sent = notify(crowd, "To be acknowledged")
    acks = {pk: [sent.pk] for pk in crowd.values_list("pk", flat=True)}
    update = (
        "UPDATE durable_notifications_delivery SET delivered_at = CURRENT_TIMESTAMP"
        " WHERE notification_id = %s AND delivered_at IS NULL"
    )
    return Contest(
        "acknowledge",
        ours=lambda: marking.mark("delivered", acks),
        raw=lambda: execute(update, sent.pk),
        prepare=lambda: sent.deliveries.update(delivered_at=None),
        statements=1,
        required=">= 0.08",
        goal=">= 0.3",
    )


def reading_all(owner: User, count: int) -> Contest:
    """All of one user's deliveries marked as read."""
    newest = max(queue_for([owner], count)[0])
    owned = Delivery.objects.filter(recipient=owner)
    owned.mark_delivered()
    update = (
        "UPDATE durable_notifications_delivery"
        " SET seen_at = CURRENT_TIMESTAMP, read_at = CURRENT_TIMESTAMP"
        " WHERE recipient_id = %s AND read_at IS NULL"
    )
    return Contest(
        "read all",
        ours=lambda: len(marking.read_all(owner.pk, newest)),
        raw=lambda: execute(update, owner.pk),
        prepare=lambda: owned.update(seen_at=None, read_at=None),
        statements=2,
        required=">= 0.03",
    )


def pruning(crowd: QuerySet[Any]) -> Contest:
    """Everything deleted: one notification with the deliveries of a crowd."""

    def raw() -> int:
        deleted = execute(
            "DELETE FROM durable_notifications_delivery WHERE notification_id IN"
            " (SELECT id FROM durable_notifications_notification)"
        )
        execute("DELETE FROM durable_notifications_notification")
        return deleted

    def prepare() -> None:
        execute("DELETE FROM durable_notifications_delivery")
        execute("DELETE FROM durable_notifications_notification")
        notify(crowd, "To be pruned")

    return Contest("prune", prune_all, raw, statements=6, required=">= 0.005", prepare=prepare)


@transaction.atomic
def insert_one(pk: Any) -> None:
    """The least SQL that writes what `notify` does for one user."""
    texts = ("category", "url", "actor_object_id", "actor_text", "target_object_id", "target_text")
    row = {"level": "info", "title": "To one", "body": BODY, "data": "{}"} | dict.fromkeys(
        texts, ""
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Notification._meta.db_table} ({', '.join(row)}) "  # noqa: S608 - names
            f"VALUES ({', '.join(['%s'] * len(row))}) RETURNING id",
            list(row.values()),
        )
        [notification_id] = cursor.fetchone()
        cursor.execute(
            f"INSERT INTO {Delivery._meta.db_table} (notification_id, recipient_id) "  # noqa: S608 - names
            "VALUES (%s, %s)",
            [notification_id, pk],
        )


def execute(statement: str, *parameters: Any) -> int:
    """Run a statement; the number of rows it has written."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)

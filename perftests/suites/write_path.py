"""The write path next to the least SQL that writes the same rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import QuerySet

from notifications import offline
from notifications.models import Delivery, Notification
from notifications.send import notify

from .operations import prune_all
from .rows import queue_for


def nothing() -> None:
    """No preparation."""


@dataclass(frozen=True, slots=True)
class Contest:
    """Two ways to write the same rows, each of which returns their number.

    `prepare` runs before either of them and is not timed; `goal` is what the share of ours in the
    rate of plain SQL should be.
    """

    name: str
    ours: Callable[[], int]
    raw: Callable[[], int]
    prepare: Callable[[], object] = nothing
    goal: str = ""


def inserting(crowd: QuerySet[Any]) -> Contest:
    """One notification to a crowd."""
    count = crowd.count()
    audience, parameters = crowd.values("pk").query.sql_with_params()
    insert = "INSERT INTO notifications_delivery (notification_id, recipient_id)"
    select = f"SELECT %s, pk FROM ({audience}) AS audience"  # noqa: S608 - Django's own SQL

    def ours() -> int:
        notify(crowd, "To everybody")
        return count

    def raw() -> int:
        with transaction.atomic():
            pk = Notification.objects.create(title="To everybody").pk
            return execute(f"{insert} {select}", pk, *parameters)

    return Contest("insert", ours, raw, goal=">= 0.6")


def acknowledging(crowd: QuerySet[Any]) -> Contest:
    """One ack from each of a crowd, written together."""
    sent = notify(crowd, "To be acknowledged")
    acks = {pk: [sent.pk] for pk in crowd.values_list("pk", flat=True)}
    update = (
        "UPDATE notifications_delivery SET delivered_at = CURRENT_TIMESTAMP"
        " WHERE notification_id = %s AND delivered_at IS NULL"
    )
    return Contest(
        "acknowledge",
        ours=lambda: offline.mark("delivered", acks),
        raw=lambda: execute(update, sent.pk),
        prepare=lambda: sent.deliveries.update(delivered_at=None),
        goal=">= 0.3",
    )


def reading_all(owner: User, count: int) -> Contest:
    """All of one user's deliveries marked as read."""
    newest = max(queue_for([owner], count)[0])
    deliveries = Delivery.objects.filter(recipient=owner)
    deliveries.mark_delivered()
    update = (
        "UPDATE notifications_delivery"
        " SET seen_at = CURRENT_TIMESTAMP, read_at = CURRENT_TIMESTAMP"
        " WHERE recipient_id = %s AND read_at IS NULL"
    )
    return Contest(
        "read all",
        ours=lambda: len(offline.read_all(owner.pk, newest)),
        raw=lambda: execute(update, owner.pk),
        prepare=lambda: deliveries.update(seen_at=None, read_at=None),
    )


def pruning(crowd: QuerySet[Any]) -> Contest:
    """Everything deleted: one notification with the deliveries of a crowd."""

    def raw() -> int:
        deliveries = execute(
            "DELETE FROM notifications_delivery WHERE notification_id IN"
            " (SELECT id FROM notifications_notification)"
        )
        execute("DELETE FROM notifications_notification")
        return deliveries

    def prepare() -> None:
        execute("DELETE FROM notifications_delivery")
        execute("DELETE FROM notifications_notification")
        notify(crowd, "To be pruned")

    return Contest("prune", prune_all, raw, prepare)


def execute(statement: str, *parameters: Any) -> int:
    """Run a statement; the number of rows it has written."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)

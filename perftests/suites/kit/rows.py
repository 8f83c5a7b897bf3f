"""Rows in great number."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from notifications.models import Delivery, Notification

BATCH = 5_000
PAGE = 50


def queue_for(users: Sequence[User], each: int, *, body: str = "") -> list[list[int]]:
    """Queue `each` notifications of their own for every user; their ids by user, oldest first.

    Nothing is announced: this is what waits for users who are away.
    """
    contents = [
        Notification(title=f"Queued {number}", body=body) for number in range(each) for _ in users
    ]
    stored = Notification.objects.bulk_create(contents, batch_size=BATCH)
    Delivery.objects.bulk_create(
        (
            Delivery(recipient_id=users[number % len(users)].pk, notification_id=notification.pk)
            for number, notification in enumerate(stored)
        ),
        batch_size=BATCH,
    )
    return [[n.pk for n in stored[first :: len(users)]] for first in range(len(users))]


def insert_plainly(audience: QuerySet[User], title: str) -> int:
    """Store a notification to an audience by the least SQL that does it; the number of rows."""
    notification = Notification.objects.create(title=title)
    users, parameters = audience.values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Delivery._meta.db_table} (notification_id, recipient_id) "  # noqa: S608 - own names
            f"SELECT %s, pk FROM ({users}) AS audience",
            [notification.pk, *parameters],
        )
        return int(cursor.rowcount)


def read_inbox(recipient: Any) -> list[Delivery]:
    """The newest page of the inbox of the user with this key, with its contents."""
    inbox = Delivery.objects.filter(recipient_id=recipient).inbox()
    return list(inbox.select_related("notification")[:PAGE])


def count_statements(operation: Callable[[], object]) -> int:
    """How many statements the database gets, BEGIN and COMMIT among them."""
    with CaptureQueriesContext(connection) as captured:
        operation()
    return len(captured)


def as_queryset(users: Sequence[User]) -> QuerySet[User]:
    """The users as a QuerySet; they have to be stored one after the other."""
    return get_user_model()._default_manager.filter(pk__range=(users[0].pk, users[-1].pk))


def gather_statistics() -> None:
    """Do what PostgreSQL's autovacuum does in time; SQLite has no such thing."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM ANALYZE {Delivery._meta.db_table}")
            cursor.execute(f"VACUUM ANALYZE {Notification._meta.db_table}")

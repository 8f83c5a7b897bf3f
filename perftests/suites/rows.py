"""Rows in great number, and how the database reads them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from notifications.models import Delivery, Notification

BATCH = 5_000

READ = re.compile(r"\s*(SELECT|WITH)")
INDEX = re.compile(r"(?:Scan.* using|Bitmap Index Scan on|USING(?: COVERING)? INDEX) (\w+)")
FULL_SCAN = re.compile(
    r"^SCAN \w+\b(?! VIRTUAL TABLE)|Seq Scan on notifications_delivery", re.MULTILINE
)
"""SQLite names lists that are parameters and subqueries too; they are no tables."""


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


def count_statements(operation: Callable[[], object]) -> int:
    """How many statements the database gets, BEGIN and COMMIT among them."""
    with CaptureQueriesContext(connection) as captured:
        operation()
    return len(captured)


def as_queryset(users: Sequence[User]) -> QuerySet[User]:
    """The users as a QuerySet; they have to be stored one after the other."""
    return User.objects.filter(pk__range=(users[0].pk, users[-1].pk))


@dataclass(frozen=True, slots=True)
class Plan:
    """How the database reads: the indexes it uses, and how often it reads a table as a whole.

    PostgreSQL rightly reads the contents as a whole while they are few: only deliveries count.
    """

    indexes: tuple[str, ...]
    scans: int


def explain(operation: Callable[[], object]) -> Plan:
    """The plan of all that `operation` reads."""
    with CaptureQueriesContext(connection) as captured:
        operation()
    reads = [query["sql"] for query in captured if READ.match(query["sql"])]
    text = "\n".join(map(_explained, reads))
    return Plan(
        indexes=tuple(sorted(set(INDEX.findall(text)))),
        scans=len(FULL_SCAN.findall(text)),
    )


def _explained(read: str) -> str:
    command = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with connection.cursor() as cursor:
        cursor.execute(f"{command} {read}")
        return "\n".join(str(line[-1]).strip() for line in cursor.fetchall())


def gather_statistics() -> None:
    """Do what PostgreSQL's autovacuum does in time; SQLite has no such thing."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM ANALYZE {Delivery._meta.db_table}")
            cursor.execute(f"VACUUM ANALYZE {Notification._meta.db_table}")

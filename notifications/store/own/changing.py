"""What one user does to deliveries of the own beyond marking: taking a mark back, deleting."""

from collections.abc import Iterable
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from notifications.db.clock import now_sql
from notifications.db.deletion import let_go
from notifications.db.members import member_list, member_query
from notifications.db.traces import SHIFTS, TRACE_BITS
from notifications.models import Delivery, Notification
from notifications.states import IMPLIED, UNDONE, News, State, Undo

from ..database import database
from ..ids import with_ids
from ..parameters import prepare_keys
from .rows import own

_TABLE = Delivery._meta.db_table

_OPEN: dict[News, State] = {
    "seen": "unseen",
    "read": "unread",
    "archived": "inbox",
    "marked_unread": "inbox",
    "unarchived": "archived",
    "deleted": "inbox",
}
"""Which deliveries "all up to an id" is about, whatever is to be done to them."""


def up_to(kind: News, pk: Any, upto: int, limit: int | None = None) -> list[int]:
    """The oldest `limit` ids, none newer than `upto`, that `kind` has something to do to.

    Only what some device has acknowledged: what still waits may be new to the user, as a
    transaction with a low id may commit late.
    """
    deliveries = own(pk).in_state(_OPEN[kind]).filter(notification_id__lte=upto)
    if kind != "unarchived":
        deliveries = deliveries.delivered()
    if kind == "marked_unread":
        deliveries = deliveries.in_state("read")
    ids = deliveries.order_by("notification_id").values_list("notification_id", flat=True)
    return list(ids[:limit])


def take_back(kind: Undo, pk: Any, ids: Iterable[int]) -> list[int]:
    """Take a mark back; the ids that changed. What was in the archive has arrived."""
    connection = connections[database()]
    column = IMPLIED[UNDONE[kind]][-1]
    # Also where no traces are kept now: a later mark must not seem to have come as an earlier one.
    untraced = f"traces = traces & {~(TRACE_BITS << SHIFTS[column])}, " if column in SHIFTS else ""
    return _changed(
        connection,
        f"UPDATE {_TABLE} SET {column} = NULL, {untraced}"
        f"delivered_at = COALESCE(delivered_at, {now_sql(connection)}) WHERE {column} IS NOT NULL",
        pk,
        ids,
    )


def delete(pk: Any, ids: Iterable[int]) -> list[int]:
    """Delete the user's deliveries of these notifications; the ids of those there were."""
    let_go(own(pk).filter(with_ids("notification_id", ids)))
    return _changed(connections[database()], f"DELETE FROM {_TABLE} WHERE true", pk, ids)


def _changed(
    connection: BaseDatabaseWrapper, statement: str, pk: Any, ids: Iterable[int]
) -> list[int]:
    """The ids of the rows that a statement with a condition changes, of this user and these ids.

    On PostgreSQL locked in the order that `marking` has, so that no two wait for each other.
    """
    key = Notification._meta.pk
    locked = "" if connection.vendor == "sqlite" else "ORDER BY notification_id FOR UPDATE"
    chosen = (
        f"SELECT id FROM {_TABLE} WHERE recipient_id = %s "
        f"AND notification_id IN ({member_query(connection, key)}) {locked}"
    )
    params = [*prepare_keys(connection, [pk]), member_list(connection, ids, key)]
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} AND id IN ({chosen}) RETURNING notification_id", params)
        return sorted(number for (number,) in cursor.fetchall())

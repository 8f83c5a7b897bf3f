"""One delivery for each user of an audience, by one statement."""

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from ..models import Delivery
from .parameters import to_python

Reached = list[Any] | int
"""The primary keys of those who got a delivery if they are few and listed, else their number."""

_TABLE = Delivery._meta.db_table


def insert_deliveries(
    connection: BaseDatabaseWrapper,
    notification_id: int,
    audience: tuple[str, Sequence[Any]],
    *,
    new: bool,
    returning: bool,
) -> Reached:
    """One delivery for each user whom the compiled query `audience` finds, however often.

    Unless the notification is `new`, deliveries may exist, and those are left alone. Returns the
    primary keys of those added, or just their number unless `returning`.
    """
    chosen, params = audience
    # WITH stands behind INSERT: before it, SQLite's rowcount is −1. In order, as rows side by
    # side in an index are cheaper to add. ON CONFLICT only where it has to be: PostgreSQL looks
    # for each row before it writes it, which takes a third of the time.
    statement = (
        f"INSERT INTO {_TABLE} (recipient_id, notification_id) "
        f"WITH audience (recipient_id) AS ({chosen}) "
        "SELECT DISTINCT recipient_id, %s FROM audience ORDER BY recipient_id"
    )
    if not new:
        statement += " ON CONFLICT DO NOTHING"
    with connection.cursor() as cursor:
        if not returning:
            cursor.execute(statement, [*params, notification_id])
            return int(cursor.rowcount)
        cursor.execute(f"{statement} RETURNING recipient_id", [*params, notification_id])
        return [to_python(row[0]) for row in cursor.fetchall()]

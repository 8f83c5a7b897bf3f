"""What the ORM cannot say: long lists as one parameter, pages for many users, pairs.

SQLite and PostgreSQL only; `checks.py` refuses other databases.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import RawSQL

from .models import Delivery

Pairs = list[tuple[Any, int]]
"""(recipient's primary key, notification's id)"""

Marked = Mapping[Any, Collection[int]]
"""Notifications by the primary key of their recipient."""

_recipient = Delivery._meta.get_field("recipient")
_IS_INTEGER = isinstance(_recipient.target_field, models.IntegerField)
_TABLE = Delivery._meta.db_table

# As `DeliveryQuerySet.queued`: all three, or a planner does not see that the partial index fits.
_QUEUED = "{0}.delivered_at IS NULL AND {0}.read_at IS NULL AND {0}.archived_at IS NULL"


def members(
    connection: BaseDatabaseWrapper, values: Iterable[Any], field: "models.Field[Any, Any]"
) -> RawSQL:
    """A subquery of `values` that is one parameter however many they are."""
    return RawSQL(member_query(connection, field), (member_list(connection, values, field),))


def member_query(connection: BaseDatabaseWrapper, field: "models.Field[Any, Any]") -> str:
    """The statement of `members`, for any values."""
    if connection.vendor == "sqlite":
        return "SELECT value FROM json_each(%s)"
    return f"SELECT unnest(%s::{field.rel_db_type(connection)}[])"


def member_list(
    connection: BaseDatabaseWrapper, values: Iterable[Any], field: "models.Field[Any, Any]"
) -> Any:
    """The parameter of `member_query`."""
    prepared = [field.get_db_prep_value(value, connection) for value in values]
    return json.dumps(prepared) if connection.vendor == "sqlite" else prepared


def recipients(connection: BaseDatabaseWrapper, pks: Iterable[Any]) -> RawSQL:
    """A subquery of users' primary keys, for `recipient_id__in`."""
    return members(connection, pks, _recipient.target_field)


def insert_deliveries(
    connection: BaseDatabaseWrapper,
    notification_id: int,
    audience: tuple[str, Sequence[Any]],
    *,
    new: bool,
    returning: bool,
) -> list[Any] | int:
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
        return [_to_python(row[0]) for row in cursor.fetchall()]


def queue_pages(
    connection: BaseDatabaseWrapper, wanted: Sequence[tuple[Any, int]], size: int
) -> list[list[int]]:
    """For each (user, after this id), the next `size` queued notifications, oldest first.

    Each page is one range of the partial index, however long the queue is.
    """
    if connection.vendor == "sqlite":
        # SQLite has no LATERAL; a scalar subquery may look outside, and JSON makes a page scalar.
        statement = f"""
            SELECT (
                SELECT json_group_array(notification_id) FROM (
                    SELECT q.notification_id FROM {_TABLE} q
                    WHERE q.recipient_id = json_extract(wanted.value, '$[0]')
                      AND q.notification_id > json_extract(wanted.value, '$[1]')
                      AND {_QUEUED.format("q")}
                    ORDER BY q.notification_id LIMIT %s))
            FROM json_each(%s) AS wanted ORDER BY wanted.key"""
        params: list[Any] = [size, _json_pairs(connection, wanted)]
    else:
        statement = f"""
            SELECT array(
                SELECT q.notification_id FROM {_TABLE} q
                WHERE q.recipient_id = wanted.recipient_id
                  AND q.notification_id > wanted.after_id
                  AND {_QUEUED.format("q")}
                ORDER BY q.notification_id LIMIT %s)
            FROM unnest({_pair_arrays(connection)}) WITH ORDINALITY
              AS wanted (recipient_id, after_id, number)
            ORDER BY wanted.number"""
        params = [size, *_two_lists(connection, wanted)]
    return _lists(connection, statement, params)


def recipients_of_queued(
    connection: BaseDatabaseWrapper, notification_ids: Sequence[int], size: int
) -> list[list[Any]]:
    """For each notification, up to `size` users who have it queued, by primary key.

    Each list is one range of the unique index.
    """
    if connection.vendor == "sqlite":
        # As in `queue_pages`.
        statement = f"""
            SELECT (
                SELECT json_group_array(recipient_id) FROM (
                    SELECT q.recipient_id FROM {_TABLE} q
                    WHERE q.notification_id = wanted.value AND {_QUEUED.format("q")}
                    ORDER BY q.recipient_id LIMIT %s))
            FROM json_each(%s) AS wanted ORDER BY wanted.key"""
        params: list[Any] = [size, json.dumps(notification_ids)]
    else:
        statement = f"""
            SELECT array(
                SELECT q.recipient_id FROM {_TABLE} q
                WHERE q.notification_id = wanted.id AND {_QUEUED.format("q")}
                ORDER BY q.recipient_id LIMIT %s)
            FROM unnest(%s::bigint[]) WITH ORDINALITY AS wanted (id, number)
            ORDER BY wanted.number"""
        params = [size, notification_ids]
    lists = _lists(connection, statement, params)
    return lists if _IS_INTEGER else [list(map(_to_python, listed)) for listed in lists]


def queued_among(
    connection: BaseDatabaseWrapper, notification_ids: Sequence[int], pks: Sequence[Any]
) -> dict[int, list[Any]]:
    """Those of `pks` who have each of the notifications queued, if any has.

    One look into an index for each user. On SQLite an `IN` of a list, as the ORM writes it,
    builds a temporary index first and takes more than twice as long.
    """
    if connection.vendor == "sqlite":
        source = "json_each(%s) AS u CROSS JOIN json_each(%s) AS n"
        users, ids = "u.value", "n.value"
        params: list[Any] = [json.dumps(_prepared(connection, pks)), json.dumps(notification_ids)]
    else:
        users, ids = "u", "n"
        source = f"unnest({_array(connection)}) AS u CROSS JOIN unnest(%s::bigint[]) AS n"
        params = [_prepared(connection, pks), notification_ids]
    found: dict[int, list[Any]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT d.recipient_id, d.notification_id FROM {source} CROSS JOIN {_TABLE} d "
            f"WHERE d.recipient_id = {users} AND d.notification_id = {ids} "
            f"AND {_QUEUED.format('d')}",
            params,
        )
        for pk, number in cursor.fetchall():
            found.setdefault(number, []).append(pk if _IS_INTEGER else _to_python(pk))
    return found


def update_marked(
    connection: BaseDatabaseWrapper, marked: Marked, columns: Sequence[str], unset: str
) -> int:
    """Set each of `columns` that is null to now, where `unset` is null; the number of rows.

    Sorted, so that two processes that update the same rows lock them in the same order.
    """
    now = "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW')"
    if connection.vendor == "postgresql":
        now = "STATEMENT_TIMESTAMP()"
    assignments = ", ".join(f"{name} = COALESCE({_TABLE}.{name}, {now})" for name in columns)
    pks = sorted(marked)
    if connection.vendor == "sqlite":
        # An object of lists: its key is at hand for each id, where an element of an array would
        # be parsed again, which takes quadratic time. CROSS JOIN keeps the order of the loops:
        # UPDATE … FROM would read all that a user ever got.
        user = "CAST(u.key AS INTEGER)" if _IS_INTEGER else "u.key"
        chosen = f"""
            WHERE {_TABLE}.id IN (
                SELECT d.id FROM json_each(%s) AS u CROSS JOIN json_each(u.value) AS n
                CROSS JOIN {_TABLE} d WHERE d.recipient_id = {user} AND d.notification_id = n.value)
            """
        lists = zip(_prepared(connection, pks), (sorted(marked[pk]) for pk in pks), strict=True)
        params: list[Any] = [json.dumps(dict(lists))]
    else:
        chosen = f"""
            FROM unnest({_pair_arrays(connection)}) AS marked (recipient_id, notification_id)
            WHERE {_TABLE}.recipient_id = marked.recipient_id
              AND {_TABLE}.notification_id = marked.notification_id"""
        params = _two_lists(connection, [(pk, n) for pk in pks for n in sorted(marked[pk])])
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {_TABLE} SET {assignments} {chosen} AND {_TABLE}.{unset} IS NULL", params
        )
        return int(cursor.rowcount)


def _lists(connection: BaseDatabaseWrapper, statement: str, params: list[Any]) -> list[list[Any]]:
    """The rows of a statement that selects one array, or on SQLite the JSON of one."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        lists = [row[0] for row in cursor.fetchall()]
    return [json.loads(text) for text in lists] if connection.vendor == "sqlite" else lists


def _to_python(pk: Any) -> Any:
    return _recipient.target_field.to_python(pk)


def _prepared(connection: BaseDatabaseWrapper, pks: Iterable[Any]) -> list[Any]:
    """Primary keys as the database knows them; integers need nothing, and there are many."""
    if _IS_INTEGER:
        return list(pks)
    prepare = _recipient.target_field.get_db_prep_value
    return [prepare(pk, connection) for pk in pks]


def _json_pairs(connection: BaseDatabaseWrapper, pairs: Sequence[tuple[Any, int]]) -> str:
    return json.dumps(list(zip(*_two_lists(connection, pairs), strict=True)))


def _array(connection: BaseDatabaseWrapper) -> str:
    return f"%s::{_recipient.db_type(connection)}[]"


def _pair_arrays(connection: BaseDatabaseWrapper) -> str:
    return f"{_array(connection)}, %s::bigint[]"


def _two_lists(connection: BaseDatabaseWrapper, pairs: Sequence[tuple[Any, int]]) -> list[Any]:
    return [_prepared(connection, (pk for pk, _ in pairs)), [number for _, number in pairs]]

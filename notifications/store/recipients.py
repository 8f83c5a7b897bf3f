"""Who is to be pushed a notification."""

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from ..db.clock import now_sql
from ..models import Delivery, expired_sql
from ..states import STATES
from .database import database
from .ids import with_ids
from .parameters import (
    KEYS_ARE_INTEGERS,
    key_array,
    of_recipients,
    prepare_keys,
    select_lists,
    to_python,
)

MANY = 3
"""Times those asked about: a notification with more recipients has too many to read all."""

ACKNOWLEDGED_LATELY_SECONDS = 300
"""A hub that hears late of a notification still has to push it to its sockets, though a client of
another hub has acknowledged it. Far longer than any hint takes; beyond, it is in the list."""

_TABLE = Delivery._meta.db_table


def recipients_among(
    notification_ids: Collection[int], pks: Collection[Any]
) -> dict[int, list[Any]]:
    """Those of `pks` to push each of these notifications to; the oldest notification first.

    They have it queued, or have acknowledged it lately: whoever is connected gets all that is
    sent, and the first device to acknowledge must not keep it from the others.

    All who have it are read, up to `MANY` times as many as asked about: side by side in an index
    each of them costs a sixth of what looking for one of `pks` costs. Beyond, each is looked for.
    """
    if not pks:
        return {}
    connection, ids, among = connections[database()], sorted(notification_ids), set(pks)
    most = MANY * len(among)
    lists = _recipients_of(connection, ids, most + 1)
    found = {
        number: [pk for pk in listed if pk in among]
        for number, listed in zip(ids, lists, strict=True)
    }
    long = [number for number, listed in zip(ids, lists, strict=True) if len(listed) > most]
    if long:
        looked_for = _looked_for(connection, long, list(among))
        found.update((number, looked_for.get(number, [])) for number in long)
    return {number: listed for number, listed in found.items() if listed}


def holders_among(notification_ids: Iterable[int], pks: Iterable[Any]) -> dict[int, list[Any]]:
    """Those of `pks` who have each of these notifications, in whatever state."""
    connection = connections[database()]
    deliveries = Delivery.objects.using(database()).filter(
        of_recipients(connection, pks),
        with_ids("notification_id", notification_ids),
    )
    found: dict[int, list[Any]] = {}
    for number, pk in deliveries.order_by().values_list("notification_id", "recipient_id"):
        found.setdefault(number, []).append(pk)
    return found


def number_of(statement: str, params: Sequence[Any]) -> int:
    """How many users a query selects, each once."""
    counted = f"SELECT COUNT(*) FROM (SELECT DISTINCT * FROM ({statement}) AS a) AS b"
    with connections[database()].cursor() as cursor:
        cursor.execute(counted, params)
        return int(cursor.fetchone()[0])


def _recipients_of(
    connection: BaseDatabaseWrapper, notification_ids: Sequence[int], size: int
) -> list[list[Any]]:
    """For each notification, up to `size` users to push it to, by primary key.

    They have it queued, or have acknowledged it lately on some device.

    Each list is one range of the unique index, and empty if the notification has expired.
    """
    expired = expired_sql(
        connection, "wanted.value" if connection.vendor == "sqlite" else "wanted.id"
    )
    if connection.vendor == "sqlite":
        # As in `queue.replay`.
        statement = f"""
            SELECT (
                SELECT json_group_array(recipient_id) FROM (
                    SELECT q.recipient_id FROM {_TABLE} q
                    WHERE q.notification_id = wanted.value
                      AND {_live(connection, "q")} AND NOT {expired}
                    ORDER BY q.recipient_id LIMIT %s))
            FROM json_each(%s) AS wanted ORDER BY wanted.key"""
        params: list[Any] = [size, json.dumps(notification_ids)]
    else:
        statement = f"""
            SELECT array(
                SELECT q.recipient_id FROM {_TABLE} q
                WHERE q.notification_id = wanted.id AND {_live(connection, "q")} AND NOT {expired}
                ORDER BY q.recipient_id LIMIT %s)
            FROM unnest(%s::bigint[]) WITH ORDINALITY AS wanted (id, number)
            ORDER BY wanted.number"""
        params = [size, notification_ids]
    lists = select_lists(connection, statement, params)
    return lists if KEYS_ARE_INTEGERS else [list(map(to_python, listed)) for listed in lists]


def _looked_for(
    connection: BaseDatabaseWrapper, notification_ids: Sequence[int], pks: Sequence[Any]
) -> dict[int, list[Any]]:
    """Those of `pks` to push each of the notifications to, if any; as `_recipients_of`.

    Only of what `_recipients_of` has found, which leaves out the expired. One look into an index
    for each user: on SQLite an `IN` of a list, as the ORM writes it, builds a temporary index first
    and takes more than twice as long.
    """
    if connection.vendor == "sqlite":
        source = "json_each(%s) AS u CROSS JOIN json_each(%s) AS n"
        users, ids = "u.value", "n.value"
        params: list[Any] = [
            json.dumps(prepare_keys(connection, pks)),
            json.dumps(notification_ids),
        ]
    else:
        users, ids = "u", "n"
        source = f"unnest({key_array(connection)}) AS u CROSS JOIN unnest(%s::bigint[]) AS n"
        params = [prepare_keys(connection, pks), notification_ids]
    found: dict[int, list[Any]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT d.recipient_id, d.notification_id FROM {source} CROSS JOIN {_TABLE} d "
            f"WHERE d.recipient_id = {users} AND d.notification_id = {ids} "
            f"AND {_live(connection, 'd')}",
            params,
        )
        for pk, number in cursor.fetchall():
            found.setdefault(number, []).append(pk if KEYS_ARE_INTEGERS else to_python(pk))
    return found


def _live(connection: BaseDatabaseWrapper, alias: str) -> str:
    """Queued, or acknowledged lately. What was dropped was never acknowledged."""
    lately = now_sql(connection, ACKNOWLEDGED_LATELY_SECONDS)
    return f"({STATES['queued'].sql(alias)} OR {alias}.delivered_at > {lately})"

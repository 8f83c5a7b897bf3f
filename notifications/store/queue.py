"""The offline queue, read for many users at once.

It is the deliveries that no device of the user has acknowledged; "offline" is never a guess about
who is connected.
"""

from collections.abc import Collection, Container, Sequence
from datetime import timedelta
from typing import Any

from django.db import connections
from django.db.models import BooleanField, ExpressionWrapper, Q

from ..db.clock import Now, ago
from ..models import Delivery, Notification, expired_sql
from ..states import STATES
from .database import database
from .ids import with_ids
from .parameters import Pairs, json_pairs, pair_arrays, select_lists, two_lists

_TABLE = Delivery._meta.db_table
_QUEUED = STATES["queued"].sql("q")


def replay(wanted: Sequence[tuple[Any, int]], size: int) -> list[list[int]]:
    """For each (user, after this id), the ids of the next `size` queued, oldest first.

    Each page is one range of the partial index, however long the queue is.
    """
    connection = connections[database()]
    expired = expired_sql(connection, "q.notification_id")
    if connection.vendor == "sqlite":
        # SQLite has no LATERAL; a scalar subquery may look outside, and JSON makes a page scalar.
        statement = f"""
            SELECT (
                SELECT json_group_array(notification_id) FROM (
                    SELECT q.notification_id FROM {_TABLE} q
                    WHERE q.recipient_id = json_extract(wanted.value, '$[0]')
                      AND q.notification_id > json_extract(wanted.value, '$[1]')
                      AND {_QUEUED} AND NOT {expired}
                    ORDER BY q.notification_id LIMIT %s))
            FROM json_each(%s) AS wanted ORDER BY wanted.key"""
        params: list[Any] = [size, json_pairs(connection, wanted)]
    else:
        # By the time of delivery, which is null: the order of the index, which a planner that
        # expects next to none to be queued would not take for a shorter way than another.
        statement = f"""
            SELECT array(
                SELECT q.notification_id FROM {_TABLE} q
                WHERE q.recipient_id = wanted.recipient_id
                  AND q.notification_id > wanted.after_id
                  AND {_QUEUED} AND NOT {expired}
                ORDER BY q.delivered_at, q.notification_id LIMIT %s)
            FROM unnest({pair_arrays(connection)}) WITH ORDINALITY
              AS wanted (recipient_id, after_id, number)
            ORDER BY wanted.number"""
        params = [size, *two_lists(connection, wanted)]
    return select_lists(connection, statement, params)


def overdue(
    pks: Sequence[Any], grace_seconds: float, size: int, unreadable: Container[int] = ()
) -> Pairs:
    """The oldest `size` that each user has queued, if older than `grace_seconds`.

    Age is told by the database's clock alone. A page of ids that are gone or `unreadable` is passed
    by: it must not hide the next.
    """
    pairs: Pairs = []
    wanted = [(pk, 0) for pk in pks]
    while wanted:
        pages = replay(wanted, size)
        old = _are_old(set().union(*pages), grace_seconds)
        further = []
        for (pk, _), page in zip(wanted, pages, strict=True):
            known = [number for number in page if number in old and number not in unreadable]
            pairs += [(pk, number) for number in known if old[number]]
            if len(page) == size and not known:
                further.append((pk, page[-1]))
        wanted = further
    return pairs


def _are_old(ids: Collection[int], grace_seconds: float) -> dict[int, bool]:
    """Whether those that exist are older than that."""
    if not ids:
        return {}
    # What is in the future was there before a clock was set back.
    young = Q(created_at__range=(ago(timedelta(seconds=grace_seconds)), Now()))
    found = Notification.objects.using(database()).filter(with_ids("pk", ids)).order_by()
    return dict(found.values_list("pk", ExpressionWrapper(~young, BooleanField())))

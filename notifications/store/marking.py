"""Setting states on many deliveries at once, each by one statement.

A mark that is set already, or whose row is gone, does not matter.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from ..conf import get_settings
from ..db.clock import now_sql
from ..db.traces import BITS, SHIFTS, TRACE_BITS
from ..models import Delivery
from ..states import IMPLIED, Mark
from .database import database
from .own.changing import up_to
from .parameters import (
    KEYS_ARE_INTEGERS,
    Marked,
    Pairs,
    pair_arrays,
    prepare_keys,
    to_python,
    two_lists,
)

Changed = dict[Any, list[int]]
"""Ids by user."""

_TABLE = Delivery._meta.db_table


def mark(kind: Mark, marked: Marked) -> int:
    """Set a state on many deliveries at once; deleted or already marked ones do not matter."""
    connection = connections[database()]
    with connection.cursor() as cursor:
        cursor.execute(*_update(connection, marked, IMPLIED[kind]))
        return int(cursor.rowcount)


def change(kind: Mark, marked: Marked, *, skip_locked: bool = False) -> Changed:
    """As `mark`; those that have changed, which nobody else's are and none that was so before."""
    connection = connections[database()]
    statement, params = _update(connection, marked, IMPLIED[kind], skip_locked=skip_locked)
    # SQLite knows no names with that of the table there.
    table = "" if connection.vendor == "sqlite" else f"{_TABLE}."
    returning = f"RETURNING {table}recipient_id, {table}notification_id"
    changed: Changed = {}
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} {returning}", params)
        for pk, number in cursor.fetchall():
            changed.setdefault(to_python(pk), []).append(number)
    return changed


def change_unlocked(kind: Mark, marked: Marked) -> tuple[Changed, Changed]:
    """As `change`, but passes by the rows that another transaction has locked, and names those."""
    changed = change(kind, marked, skip_locked=True)
    if sum(map(len, changed.values())) == sum(len(set(ids)) for ids in marked.values()):
        return changed, {}
    # Fewer also where some are gone, or were marked before.
    return changed, _still_unmarked(connections[database()], marked, IMPLIED[kind][-1])


def read_all(pk: Any, upto: int, trace: int = 0) -> list[int]:
    """Mark as read what was delivered and is not newer than `upto`; the ids that changed."""
    return read_some(pk, upto, None, trace)[0]


def read_some(pk: Any, upto: int, limit: int | None, trace: int = 0) -> tuple[list[int], bool]:
    """The same of the oldest `limit` of them; and whether that was all.

    What somebody else marks in the same moment has not changed here, and is no sign of the end.
    """
    ids = dict.fromkeys(up_to("read", pk, upto, limit), trace)
    return sorted(change("read", {pk: ids}).get(pk, ())), limit is None or len(ids) < limit


def _update(
    connection: BaseDatabaseWrapper,
    marked: Marked,
    columns: Sequence[str],
    *,
    skip_locked: bool = False,
) -> tuple[str, list[Any]]:
    """Statement and parameters: each of `columns` that is null is now, where the last one is null.

    Sorted, so that two processes that update the same rows lock them in the same order. On
    PostgreSQL `skip_locked` leaves rows alone that another transaction has locked; SQLite locks no
    rows.
    """
    now, decisive = now_sql(connection), columns[-1]
    assignments = ", ".join(f"{name} = COALESCE({_TABLE}.{name}, {now})" for name in columns)
    traced = get_settings().TRACE_DEVICES
    pks = sorted(marked)
    if traced and connection.vendor == "sqlite":
        trace, chosen, params = _joined(connection, marked, columns)
        assignments = f"{assignments}, {trace}"
    elif connection.vendor == "sqlite":
        # An object of lists: its key is at hand for each id, where an element of an array would
        # be parsed again, which takes quadratic time. CROSS JOIN keeps the order of the loops:
        # UPDATE … FROM would read all that a user ever got.
        user = "CAST(u.key AS INTEGER)" if KEYS_ARE_INTEGERS else "u.key"
        chosen = f"""
            WHERE {_TABLE}.id IN (
                SELECT d.id FROM json_each(%s) AS u CROSS JOIN json_each(u.value) AS n
                CROSS JOIN {_TABLE} d WHERE d.recipient_id = {user} AND d.notification_id = n.value)
            """
        lists = zip(prepare_keys(connection, pks), (sorted(marked[pk]) for pk in pks), strict=True)
        params = [json.dumps(dict(lists))]
    else:
        lock = "FOR UPDATE SKIP LOCKED" if skip_locked else ""
        chosen = f"""
            WHERE {_TABLE}.id = ANY(ARRAY(
                SELECT d.id {_unmarked(connection, decisive, lock)}))"""
        params = two_lists(connection, _pairs(marked))
        if traced:
            trace, traces = _looked_up(connection, marked, columns)
            assignments, params = f"{assignments}, {trace}", [*traces, *params]
    statement = f"UPDATE {_TABLE} SET {assignments} {chosen} AND {_TABLE}.{decisive} IS NULL"
    return statement, params


def _looked_up(
    connection: BaseDatabaseWrapper, marked: Marked, columns: Sequence[str]
) -> tuple[str, list[Any]]:
    """PostgreSQL only: an assignment for an UPDATE that sets `columns`, and its parameters.

    Looked up for each row, so that rows are found as ever: joined with the traces, the planner
    reads a whole table that is small, or that by its statistics has next to nothing to be marked.
    """
    keys = prepare_keys(connection, marked)
    traces = {
        f"{key} {number}": trace
        for key, ids in zip(keys, marked.values(), strict=True)
        for number, trace in _traces(ids).items()
    }
    row = f"{_TABLE}.recipient_id || ' ' || {_TABLE}.notification_id"
    trace = f"COALESCE((%s::jsonb ->> ({row}))::int, 0)"
    return _assignment(columns, trace), [json.dumps(traces)]


def _joined(
    connection: BaseDatabaseWrapper, marked: Marked, columns: Sequence[str]
) -> tuple[str, str, list[Any]]:
    """SQLite only: an assignment, the rest of its UPDATE with the rows to mark, and parameters.

    MATERIALIZED keeps the order of the loops, as CROSS JOIN does. The word WITH in front of the
    statement would hide from Python that it changes rows.
    """
    user = "CAST(u.key AS INTEGER)" if KEYS_ARE_INTEGERS else "u.key"
    chosen = f"""
        FROM (WITH found (packed) AS MATERIALIZED (
            SELECT d.id << {BITS} | n.value
            FROM json_each(%s) AS u CROSS JOIN json_each(u.value) AS n CROSS JOIN {_TABLE} d
            WHERE d.recipient_id = {user} AND d.notification_id = CAST(n.key AS INTEGER))
            SELECT packed FROM found) AS rows
        WHERE {_TABLE}.id = rows.packed >> {BITS}"""
    lists = zip(prepare_keys(connection, marked), map(_traces, marked.values()), strict=True)
    assignment = _assignment(columns, f"(rows.packed & {TRACE_BITS})")
    return assignment, chosen, [json.dumps(dict(lists))]


def _assignment(columns: Sequence[str], trace: str) -> str:
    """The trace is put in the place of each step that was not taken before."""
    places = " + ".join(
        f"CASE WHEN {_TABLE}.{name} IS NULL THEN {1 << SHIFTS[name]} ELSE 0 END"
        for name in columns
        if name in SHIFTS
    )
    return f"traces = COALESCE({_TABLE}.traces, 0) | {trace} * ({places})"


def _traces(ids: Collection[int]) -> Mapping[int, int]:
    return ids if isinstance(ids, Mapping) else dict.fromkeys(ids, 0)


def _still_unmarked(connection: BaseDatabaseWrapper, marked: Marked, column: str) -> Changed:
    """PostgreSQL only: those that exist and where `column` is null."""
    left: Changed = {}
    statement = f"SELECT d.recipient_id, d.notification_id {_unmarked(connection, column)}"
    with connection.cursor() as cursor:
        cursor.execute(statement, two_lists(connection, _pairs(marked)))
        for pk, number in cursor.fetchall():
            left.setdefault(to_python(pk), []).append(number)
    return left


def _unmarked(connection: BaseDatabaseWrapper, column: str, lock: str = "") -> str:
    """PostgreSQL only: the source of those that exist and where `column` is null, as `d`.

    LIMIT keeps it to one look into an index for each. Joined, the planner goes by statistics, by
    which next to nothing is queued once most of a table is acknowledged: it would read the whole
    table, and compare each row that is queued after all with all that are marked.
    """
    return f"""
        FROM unnest({pair_arrays(connection)}) AS marked (recipient_id, notification_id)
        CROSS JOIN LATERAL (
            SELECT id, recipient_id, notification_id FROM {_TABLE}
            WHERE recipient_id = marked.recipient_id
              AND notification_id = marked.notification_id AND {column} IS NULL
            LIMIT 1 {lock}) AS d"""


def _pairs(marked: Marked) -> Pairs:
    return [(pk, number) for pk in sorted(marked) for number in sorted(marked[pk])]

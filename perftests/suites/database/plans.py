"""How the database finds rows: by which indexes, and by how much work."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

PLANNED = re.compile(r"\s*(SELECT|WITH|UPDATE|DELETE)")
INDEX = re.compile(r"(?:Scan.* using|Bitmap Index Scan on|USING(?: COVERING)? INDEX) (\w+)")
FULL_SCAN = re.compile(
    r"^SCAN \w+\b(?! VIRTUAL TABLE)|Seq Scan on durable_notifications_delivery", re.MULTILINE
)
"""SQLite names lists that are parameters and subqueries too; they are no tables."""

NAMED_BY_SQLITE = {
    "sqlite_autoindex_durable_notifications_delivery_1": "one_delivery_per_recipient",
}
"""Indexes of constraints."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How the database reads: the indexes that each statement uses, and how often it reads a table
    as a whole.

    PostgreSQL rightly reads a table as a whole while it is small. Here it does so only where no
    index fits; and of the tables only that of deliveries counts.
    """

    statements: tuple[frozenset[str], ...]
    scans: int

    @property
    def indexes(self) -> tuple[str, ...]:
        """Of all statements."""
        return tuple(sorted(frozenset().union(*self.statements)))


def explain(operation: Callable[[], object]) -> Plan:
    """The plan of all that `operation` reads, or looks for to change it; nothing is changed."""
    with taken_back(), _index_where_one_fits():
        texts = [_explained(statement) for statement in _statements(operation)]
    return Plan(tuple(map(_indexes, texts)), sum(len(FULL_SCAN.findall(text)) for text in texts))


def _indexes(text: str) -> frozenset[str]:
    return frozenset(NAMED_BY_SQLITE.get(name, name) for name in INDEX.findall(text))


def count_work(operation: Callable[[], object], *, by_index: bool = False) -> int:
    """How much the database does for it: the same number whenever the rows are the same.

    Instructions of SQLite's machine; on PostgreSQL the blocks that are read of tables and indexes.
    Nothing is changed. `by_index` counts what it would be in a table that is not small: there
    PostgreSQL reads some blocks of the whole rather than one for each row, and what it does later
    would look like growth.
    """
    with taken_back(), _index_where_one_fits() if by_index else nullcontext():
        if connection.vendor == "sqlite":
            return _instructions(operation)
        with taken_back():
            statements = _statements(operation)
        return sum(map(_blocks, statements))


@contextmanager
def taken_back() -> Iterator[None]:
    """A transaction that is rolled back at the end of the block."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _statements(operation: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        operation()
    return [query["sql"] for query in captured if PLANNED.match(query["sql"])]


def _explained(statement: str) -> str:
    command = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    return "\n".join(str(line[-1]).strip() for line in _rows(f"{command} {statement}"))


@contextmanager
def _index_where_one_fits() -> Iterator[None]:
    if connection.vendor == "postgresql":
        _execute("SET enable_seqscan = off")
    try:
        yield
    finally:
        if connection.vendor == "postgresql":
            _execute("RESET enable_seqscan")


def _instructions(operation: Callable[[], object]) -> int:
    done = 0

    def count() -> None:
        nonlocal done
        done += 1

    connection.ensure_connection()
    connection.connection.set_progress_handler(count, 1)
    try:
        operation()
    finally:
        connection.connection.set_progress_handler(None, 1)
    return done


def _blocks(statement: str) -> int:
    [[plan]] = _rows(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}")
    [found] = json.loads(plan) if isinstance(plan, str) else plan
    return int(found["Plan"]["Shared Hit Blocks"] + found["Plan"]["Shared Read Blocks"])


def _rows(statement: str) -> Sequence[Sequence[Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        found: Sequence[Sequence[Any]] = cursor.fetchall()
        return found


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)

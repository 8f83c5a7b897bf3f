"""The epoch of the queue: until it changes, an id means the same notification.

A database that was restored from a backup gives ids again that clients have kept. Each hello names
the epoch, and a client that finds another one forgets its ids. It changes

- with the database: a name at random is stored, and on PostgreSQL table and timeline count, too;
- when a process sees that ids went back;
- when somebody says so: `manage.py renew_epoch`.

Sync code: the hub runs it in its own database thread.
"""

import hashlib
import secrets
from dataclasses import dataclass

from django.db import NotSupportedError, ProgrammingError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from ..db.clock import Now
from ..models import Epoch, Notification
from .database import database

_ROW = 1


@dataclass(slots=True)
class _Seen:
    """What this process saw of one database."""

    stored: str = ""
    highest: int = 0


_seen: dict[str, _Seen] = {}


def went_back(newest: int) -> bool:
    """Whether this process has seen a higher id than the highest of now. Asks nobody."""
    return newest < _of_this_process().highest


def look(newest: int) -> str:
    """The epoch, given the highest id of now; a new one if ids went back.

    That the newest notifications were deleted is no reason: the database goes on counting.
    """
    using, seen = database(), _of_this_process()
    stored = _stored(using)
    if newest < seen.highest and highest_issued(connections[using]) < seen.highest:
        # Unless another process has seen it first.
        stored = _renewed(using, stored) if stored == seen.stored else stored
    seen.stored, seen.highest = stored, newest
    return _named(stored, using)


def renew() -> str:
    """Begin a new epoch, and return its name; every process notices within `SWEEP_SECONDS`."""
    using = database()
    return _named(_renewed(using, _stored(using)), using)


def _of_this_process() -> _Seen:
    name = str(connections[database()].settings_dict["NAME"])
    return _seen.setdefault(name, _Seen())


def _stored(using: str) -> str:
    row, _ = Epoch.objects.using(using).get_or_create(pk=_ROW, defaults={"name": _random()})
    return row.name


def _renewed(using: str, stored: str) -> str:
    """Compare and set: of those who see the same, one renews."""
    row = Epoch.objects.using(using).filter(pk=_ROW, name=stored)
    row.update(name=_random(), since=Now())
    return _stored(using)


def _random() -> str:
    return secrets.token_hex(16)


def _named(stored: str, using: str) -> str:
    """What was dumped and restored, or recovered to an earlier moment, is something else."""
    if connections[using].vendor != "postgresql":
        return stored
    try:
        with transaction.atomic(using=using):
            place = _place(connections[using])
    except (ProgrammingError, NotSupportedError):
        place = ""  # a service that hides its timeline
    return hashlib.sha256(f"{stored} {place}".encode()).hexdigest()[:32]


def highest_issued(connection: BaseDatabaseWrapper) -> int:
    """The highest id that a notification was ever given, whether it still exists or not."""
    table = Notification._meta.db_table
    if connection.vendor == "sqlite":
        statement, params = "SELECT seq FROM sqlite_sequence WHERE name = %s", [table]
    else:
        sequence = "pg_get_serial_sequence(%s, %s)::regclass"
        statement = f"SELECT pg_sequence_last_value({sequence})"
        params = [connection.ops.quote_name(table), "id"]
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        row = cursor.fetchone()
    return (row and row[0]) or 0


def _place(connection: BaseDatabaseWrapper) -> str:
    """PostgreSQL only: which table of which timeline. A restore changes one of them."""
    table = connection.ops.quote_name(Notification._meta.db_table)
    timeline = "left(pg_walfile_name(pg_current_wal_lsn()), 8)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT %s::regclass::oid, CASE WHEN pg_is_in_recovery() THEN '' ELSE {timeline} END",
            [table],
        )
        return " ".join(map(str, cursor.fetchone()))

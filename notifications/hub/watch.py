"""SQLite only: see what other processes wrote, without a broker and without polling queries."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any

from django.db import connections

from ..conf import get_settings
from ..models import Notification
from ..offline import database

MAX_NEW = 1000
"""Ids read at once; more follow with the next look."""


class Watch:
    """Polls `PRAGMA data_version`, which reads no table, on a read-only connection.

    It changes when another connection has committed. Only then the ids of new notifications are
    read: SQLite has one writer at a time, so ids appear in the order of commits.
    """

    def __init__(self, found: Callable[[int], None]) -> None:
        self._found = found
        self._connection = _open()
        self._timer: asyncio.TimerHandle | None = None
        self._version: int | None = None
        self._newest = 0
        if self._connection is not None:
            self._look()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._connection is not None:
            self._connection.close()

    def _schedule(self) -> None:
        seconds = get_settings().WATCH_SECONDS
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        try:
            version = self._ask("PRAGMA data_version")
            if self._version is None:
                self._newest = self._ask(f"SELECT COALESCE(MAX(id), 0) FROM {_TABLE}")
            elif version != self._version:
                self._read_new()
            self._version = version
        except sqlite3.OperationalError:
            pass  # locked for a moment, as when another connection closes: the next look is soon
        self._schedule()

    def _read_new(self) -> None:
        assert self._connection is not None  # noqa: S101 - only scheduled with one
        rows = self._connection.execute(
            f"SELECT id FROM {_TABLE} WHERE id > ? ORDER BY id LIMIT ?",
            (self._newest, MAX_NEW),
        ).fetchall()
        for (notification_id,) in rows:
            self._newest = notification_id
            self._found(notification_id)

    def _ask(self, query: str) -> Any:
        assert self._connection is not None  # noqa: S101 - only called with one
        return self._connection.execute(query).fetchone()[0]


_TABLE = Notification._meta.db_table


def _open() -> sqlite3.Connection | None:
    """A connection of its own; `None` where the database is no file of SQLite."""
    connection = connections[database()]
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or ":memory:" in name or "mode=memory" in name:
        return None
    # check_same_thread: a hub may be closed by another thread than its loop's, after the loop.
    return sqlite3.connect(
        f"file:{name}?mode=ro" if not name.startswith("file:") else name,
        uri=True,
        timeout=0,
        isolation_level=None,
        check_same_thread=False,
    )

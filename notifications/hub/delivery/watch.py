"""SQLite only: see what other processes wrote, without a broker and without polling queries."""

import asyncio
import logging
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connections

from notifications.background.file_events import FileEvents
from notifications.background.supervision import SupervisedTask
from notifications.background.trouble import Trouble
from notifications.conf import get_settings
from notifications.models import Notification
from notifications.store.database import database

logger = logging.getLogger(__name__)

MAX_NEW = 1000
"""Ids read at once; more follow with the next look."""

COMMIT_SECONDS = 0.003
"""From the last write to the log until the commit can be read: at once would be too early."""

LATE_SECONDS = 0.03
"""The same where the writer is held up."""

HURRIED_SECONDS = 1.0
"""With longer turns than these the site wants the hub to look rarely, whatever is written."""

IDLE_SECONDS = 1.0
IDLE_TIMES = 10
"""Where the system tells of writes and has told of none for so long, the turns are so much rarer:
waking up 20 times a second for nothing takes 0.7 % of a core."""

_BUSY = {5, 6}
"""SQLITE_BUSY and LOCKED: for a moment, as when another connection closes."""

_TABLE = Notification._meta.db_table


class Watch:
    """Looks at `PRAGMA data_version`, which reads no table, on a read-only connection.

    It does so in turns, and soon after the file is written to where the system tells of that. It
    changes when another connection has committed. Only then the ids of new notifications are read:
    SQLite has one writer at a time, so ids appear in the order of commits. `replaced` is
    called when another file has taken the place of the database, as a restored backup does.
    """

    def __init__(self, found: Callable[[int], None], replaced: Callable[[], None]) -> None:
        self._found = found
        self._replaced = replaced
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._version: int | None = None
        self._newest = 0
        self._trouble = Trouble("Watching the database", log=logger)
        self._name = _file_name()
        self._task: SupervisedTask | None = None
        self._events: FileEvents | None = None
        if self._name is not None:
            if get_settings().WATCH_SECONDS <= HURRIED_SECONDS:
                self._events = FileEvents(self._look, COMMIT_SECONDS, LATE_SECONDS)
            self._look()  # what is committed from here on is found
            self._task = SupervisedTask(self._run)

    async def stop(self) -> None:
        if self._task is not None:
            await self._task.stop()
        if self._events is not None:
            self._events.close()
        self._close()

    def forget(self) -> None:
        """The ids stand for others now."""
        self._version = None

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(get_settings().WATCH_SECONDS * (IDLE_TIMES if self._idle() else 1))
            self._look()

    def _idle(self) -> bool:
        events = self._events
        return events is not None and events.works and events.quiet_seconds() > IDLE_SECONDS

    def _look(self) -> None:
        try:
            self._look_into(self._open())
        except (sqlite3.Error, OSError) as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _BUSY:
                self._close()
                self._trouble.failed(error)
        else:
            self._trouble.over()

    def _look_into(self, connection: sqlite3.Connection) -> None:
        self._listen()
        [version] = connection.execute("PRAGMA data_version").fetchone()
        if self._version is None:
            query = f"SELECT COALESCE(MAX(id), 0) FROM {_TABLE}"
            [self._newest] = connection.execute(query).fetchone()
        elif version != self._version and self._read_new(connection) == MAX_NEW:
            return  # to the next look it has changed still
        self._version = version

    def _listen(self) -> None:
        """Again with each look, as the log may be another file by now."""
        if self._events is not None and self._name is not None:
            self._events.watch([f"{self._name}-wal", self._name])

    def _read_new(self, connection: sqlite3.Connection) -> int:
        """How many were found."""
        rows = connection.execute(
            f"SELECT id FROM {_TABLE} WHERE id > ? ORDER BY id LIMIT ?",
            (self._newest, MAX_NEW),
        ).fetchall()
        for (notification_id,) in rows:
            self._newest = notification_id
            self._found(notification_id)
        return len(rows)

    def _open(self) -> sqlite3.Connection:
        """A connection of its own to the file that has the name now."""
        assert self._name is not None  # noqa: S101 - only called with one
        file = _identity(self._name)
        if self._connection is None or file != self._file:
            self._close()
            self._connection = _connect(self._name)
            if self._file is not None and file != self._file:
                self._replaced()
            self._file = file
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = self._version = None


def _file_name() -> str | None:
    """`None` where the database is no file of SQLite."""
    connection: Any = connections[database()]
    if connection.vendor != "sqlite" or connection.is_in_memory_db():
        return None
    return str(connection.settings_dict["NAME"])


def _identity(name: str) -> tuple[int, int] | None:
    """Which file it is; `None` for one that only SQLite's own kind of URL names."""
    if name.startswith("file:"):
        return None
    status = os.stat(name)
    return status.st_dev, status.st_ino


def _connect(name: str) -> sqlite3.Connection:
    # check_same_thread: a hub may be closed by another thread than its loop's, after the loop.
    return sqlite3.connect(
        name if name.startswith("file:") else f"{Path(name).absolute().as_uri()}?mode=ro",
        uri=True,
        timeout=0,
        isolation_level=None,
        check_same_thread=False,
    )

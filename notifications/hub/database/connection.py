"""The connection of the hub's database thread: limited, and opened again whatever broke it."""

import os
import socket
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from notifications.db.recovery import is_lost, sqlstate
from notifications.postgres import CONNECTION_OPTIONS
from notifications.store.database import database

BUSY_MILLISECONDS = 20
"""SQLite only: how long an ack waits for another writer. It can be tried again, but what is pushed
stands in the same line: with 250 ms, row N5's median at twice the capacity is 0.4 s, not 0.2."""

LIMITS_MILLISECONDS = {"lock_timeout": 100, "statement_timeout": 3000}
"""PostgreSQL only, where the site has set none. A lock is waited for as briefly as on SQLite: what
the hub writes can be tried again, and everybody stands in the same line."""

SILENCE_SECONDS = 0.5
"""Beyond its `statement_timeout`, a server that has not answered never will."""

LOOK_SECONDS = 0.25
"""How often it is looked whether a server is silent."""

PAUSE_SECONDS = 0.5
"""After a failure to connect the next one may take as long: those in the line do not try it."""

T = TypeVar("T")


class HubConnection:
    """Belongs to one thread, but for `cut_if_silent`."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._guard = threading.Lock()
        self._running: tuple[BaseDatabaseWrapper, float] | None = None
        self._patience: float | None = LIMITS_MILLISECONDS["statement_timeout"] / 1000
        self._watched = False
        self._down_until = 0.0
        self._down = ""

    def run(self, job: Callable[[], T]) -> T:
        """The result of `job`; once more on a new connection if the old one was lost."""
        connection = connections[database()]
        if connection.connection is None:
            self._open(connection)
        try:
            return job()
        except (DatabaseError, InterfaceError) as error:
            if not is_lost(connection, error):
                raise
            self.close()
        self._open(connection)
        return job()

    def end(self) -> None:
        """Close it for good."""
        self.close()
        self._ended.set()

    def close(self) -> None:
        """Whatever this thread has open, the database of the sessions too."""
        for connection in connections.all(initialized_only=True):
            with suppress(Exception):  # it is given up anyway
                connection.close()
            connection.connection = None

    def cut_if_silent(self) -> None:
        """From another thread: end the wait for a server that does not answer any more."""
        with self._guard:  # while it is held, the running statement's connection stays open
            if self._running is None or self._patience is None:
                return
            connection, begun = self._running
            if time.monotonic() - begun > self._patience + SILENCE_SECONDS:
                _shut_down(connection)

    def _open(self, connection: BaseDatabaseWrapper) -> None:
        if time.monotonic() < self._down_until:
            raise OperationalError(self._down)
        try:
            self._prepare()
            with connection.wrap_database_errors:
                connection.connect()
            self._limit(connection)
        except Exception as error:
            self.close()
            self._down = str(error)
            self._down_until = time.monotonic() + PAUSE_SECONDS
            raise

    def _prepare(self) -> None:
        for connection in connections.all():
            if connection.vendor == "postgresql" and self._timed not in connection.execute_wrappers:
                # A connection of its own, not one of the pool: it is kept, and its limits too.
                own = {k: v for k, v in connection.settings_dict["OPTIONS"].items() if k != "pool"}
                connection.settings_dict = {
                    **connection.settings_dict,
                    "OPTIONS": {**CONNECTION_OPTIONS, **own},
                }
                connection.execute_wrappers.append(self._timed)
                self._watch_over()

    def _watch_over(self) -> None:
        """In a thread, which goes on when the event loop has ended: a process that ends waits for
        the hub's thread, and that for the database."""
        if not self._watched:
            self._watched = True
            args = weakref.ref(self), self._ended
            threading.Thread(target=_cut_while_silent, args=args, daemon=True).start()

    def _limit(self, connection: BaseDatabaseWrapper) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
                return
            # Not as options of the connection, which PgBouncer refuses.
            cursor.execute(
                "SELECT name, source, setting FROM pg_settings WHERE name = ANY(%s)",
                [list(LIMITS_MILLISECONDS)],
            )
            limits = {
                name: int(ms) for name, source, ms in cursor.fetchall() if source != "default"
            }
            for name in LIMITS_MILLISECONDS.keys() - limits.keys():
                limits[name] = LIMITS_MILLISECONDS[name]
                cursor.execute("SELECT set_config(%s, %s, false)", [name, f"{limits[name]}ms"])
        self._patience = limits["statement_timeout"] / 1000 or None

    def _timed(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self._running = context["connection"], time.monotonic()
        try:
            return execute(sql, params, many, context)
        finally:
            with self._guard:
                self._running = None


def _cut_while_silent(find: "weakref.ref[HubConnection]", ended: threading.Event) -> None:
    while not ended.wait(LOOK_SECONDS):
        connection = find()
        if connection is None:
            return  # its event loop was closed without its sockets
        connection.cut_if_silent()
        del connection


def is_lock_timeout(error: BaseException) -> bool:
    """PostgreSQL's: somebody else holds a row or a table, or waits for one of ours."""
    return sqlstate(error) in _HELD_UP


_HELD_UP = {"55P03", "57014", "40P01"}
"""A lock time-out; a statement time-out, where the site's lock time-out is longer; a deadlock."""


def _shut_down(connection: BaseDatabaseWrapper) -> None:
    """Wake whoever waits at its socket; closing it is up to the thread that it belongs to."""
    # It may have been closed by then.
    with suppress(OSError), socket.socket(fileno=os.dup(connection.connection.fileno())) as same:
        same.shutdown(socket.SHUT_RDWR)

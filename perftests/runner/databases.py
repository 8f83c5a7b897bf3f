"""Test databases that belong to one run: two runs at once never meet, and what a run left that was
killed, the next one drops.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path
from typing import Any

from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from ..processes.folder import RunFolder, try_lock

# PostgreSQL cuts a name after 63 bytes: room for what we append, and for the number of a copy.
STEM_BYTES = 44


class OwnDatabases:
    """Gives the test databases of some aliases names that no other run has, until `release`.

    With `keep` they have the names that a former run left them under; if a run that still goes on
    has those, then others, which are kept as well.
    """

    def __init__(self, aliases: Iterable[str], *, keep: bool) -> None:
        self._keep = keep
        self._run = f"_run_{secrets.token_hex(5)}"
        self._held = ExitStack()
        self._names: dict[Any, Any] = {}
        try:
            for alias in aliases:
                self._claim(connections[alias])
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Take the names back, and let others remove what is still there."""
        self._held.close()

    def _claim(self, database: Any) -> None:
        test, creation = database.settings_dict["TEST"], database.creation
        own = {"sqlite": self._file, "postgresql": self._database}.get(database.vendor)
        if test["MIRROR"] or own is None:
            return
        name = creation._get_test_db_name()
        if database.vendor == "sqlite" and creation.is_in_memory_db(name):
            return  # of its process anyway
        signature = creation.test_db_signature()  # of two aliases of one database the same
        if signature not in self._names:
            self._names[signature] = own(database, name)
        self._held.callback(test.update, NAME=test["NAME"])
        test["NAME"] = self._names[signature]

    def _file(self, database: BaseDatabaseWrapper, name: str | Path) -> Path:
        path = Path(name)
        if not self._keep:
            folder = RunFolder(path.parent)
            self._held.callback(folder.remove)
            return folder.path / path.name
        for candidate in kept_names(path.stem):
            kept = path.with_stem(candidate)
            lock = self._held.enter_context(kept.with_name(f"{kept.name}.lock").open("a"))
            if try_lock(lock):
                return kept
        raise AssertionError("unreachable: the names have no end")

    def _database(self, database: BaseDatabaseWrapper, name: str) -> str:
        # Its session holds the locks of this run, and ends with this process.
        cursor = self._held.enter_context(database._nodb_cursor())
        if self._keep:
            return next(kept for kept in kept_names(name) if lock(cursor, kept))
        drop_abandoned(database, cursor, shortened(name))
        own = shortened(name) + self._run
        lock(cursor, own)
        return own


def kept_names(name: str) -> Iterator[str]:
    """The name, and others for runs that keep their databases at the same time."""
    yield name
    for number in count(2):
        yield f"{shortened(name)}_kept{number}"


def shortened(name: str) -> str:
    """As much of the name as leaves room for the rest, in whole characters."""
    return name.encode()[:STEM_BYTES].decode(errors="ignore")


def drop_abandoned(database: BaseDatabaseWrapper, cursor: Any, stem: str) -> None:
    """Drop what dead runs have left of test databases whose names begin with `stem`.

    A run that lives holds the lock of its name, and PostgreSQL drops no database with a session.
    """
    cursor.execute("SELECT datname FROM pg_database")
    for (name,) in cursor.fetchall():
        ours = re.fullmatch(rf"({re.escape(stem)}_run_[0-9a-f]{{10}})(_\d+)?", name)
        if ours and lock(cursor, ours[1]):
            with suppress(DatabaseError):  # another role's, or one of its sessions is still open
                cursor.execute(f"DROP DATABASE {database.ops.quote_name(name)}")
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key_of(ours[1])])


def lock(cursor: Any, name: str) -> bool:
    """Take the lock of a name for as long as the session lasts; false where another has it."""
    cursor.execute("SELECT pg_try_advisory_lock(%s)", [key_of(name)])
    return bool(cursor.fetchone()[0])


def key_of(name: str) -> int:
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(digest[:8], signed=True)

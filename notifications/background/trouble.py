"""What the log says of something that fails again and again."""

import asyncio
import logging

from django.db import DatabaseError, DataError, IntegrityError, InterfaceError

_SQLITE_BUSY = 5


class Trouble:
    """One line when it begins, after some `quiet` failures, and one when it is over.

    `failures` are those in a row.
    """

    def __init__(self, name: str, *, log: logging.Logger, quiet: int = 0) -> None:
        self.failures = 0
        self._name = name
        self._quiet = quiet
        self._log = log
        self._told = False

    def failed(self, error: BaseException) -> None:
        self.failures += 1
        if self.failures > self._quiet and not self._told:
            self._told = True
            reason = " ".join(str(error).split()) or type(error).__name__
            # What does not pass is a fault of ours: its place helps.
            where = None if may_pass(error) else error
            self._log.error("%s failed, it is tried again: %s", self._name, reason, exc_info=where)

    def over(self) -> None:
        if self._told:
            self._told = False
            self._log.warning("%s works again, failures: %d", self._name, self.failures)
        self.failures = 0


def may_pass(error: BaseException) -> bool:
    """It is not about what was asked for: a database that is away, or a lock."""
    if isinstance(error, DataError | IntegrityError):
        return False
    return isinstance(error, DatabaseError | InterfaceError | OSError | asyncio.CancelledError)


def is_busy(error: BaseException) -> bool:
    """Another writer has all of an SQLite database, whatever it is that has to be written."""
    return getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF == _SQLITE_BUSY

"""What a thread does about a connection that broke, as nobody else may be there to do it.

Django looks after the connections of requests alone; tasks and workers keep theirs for days.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

T = TypeVar("T")

Committing = Callable[[], None]
"""Called right before what was written is committed."""

_LOST = ("08", "25006", "25P03", "57P", "58", "XX")
"""Of a connection, a server that has become read-only, a session that was ended, a shutdown, the
system, an internal error."""

_SQLITE_LOST = {8, 10, 11, 14, 15, 26}
"""READONLY (also of a file that was moved), IOERR, CORRUPT, CANTOPEN, PROTOCOL, NOTADB."""


def reconnecting(using: str, job: Callable[[Committing], T]) -> T:
    """The result of `job`; once more on a new connection if the old one turns out to be lost.

    Nothing is tried again that may be committed already. A transaction of the caller's cannot go
    on elsewhere: there, and with autocommit off, the error is the caller's.
    """
    connection = connections[using]
    if connection.in_atomic_block or not connection.get_autocommit():
        return job(_nothing)
    may_be_committed: list[bool] = []
    try:
        return job(lambda: may_be_committed.append(True))
    except (DatabaseError, InterfaceError) as error:
        if not is_lost(connection, error):
            raise
        give_up(connection)
        if may_be_committed:
            raise
    return job(_nothing)


@contextmanager
def borrowing(using: str) -> Iterator[None]:
    """Give back to a pool what is taken out of it inside: nobody else may do it in this thread, and
    one that ends, or waits for its next job, would leave the pool with one less."""
    connection = connections[using]
    borrows = connection.connection is None and getattr(connection, "pool", None)
    try:
        yield
    finally:
        if borrows and connection.autocommit:
            connection.close()


def give_up(connection: BaseDatabaseWrapper) -> None:
    """Close a lost connection; the next query opens another one."""
    with suppress(Exception):  # it is lost anyway
        connection.close()
    connection.connection = None
    pool = getattr(connection, "pool", None)  # PostgreSQL only, where the site asks for one
    if pool:
        pool.check()  # the others in it were lost by the same


def is_lost(connection: BaseDatabaseWrapper, error: DatabaseError | InterfaceError) -> bool:
    """Whether another connection may do better."""
    if connection.vendor == "sqlite":
        return getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF in _SQLITE_LOST
    state = sqlstate(error)
    if state is None:
        return isinstance(error, OperationalError | InterfaceError)
    return state.startswith(_LOST)


def sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's code of an error, `None` if it was not the server that answered."""
    return getattr(error.__cause__, "sqlstate", None)


def _nothing() -> Any:
    """There is no second time."""

"""Tables emptied after a test, beside a server that it leaves running."""

from functools import wraps
from typing import Any

from django.db import OperationalError, connections

from notifications.db.recovery import sqlstate

TRIES = 5

DEADLOCK = "40P01"


def flush_through_deadlocks() -> None:
    """Let PostgreSQL be asked again where it ends a TRUNCATE because of a deadlock.

    It locks all tables at once; what the server still asks for at that moment, as a poll whose
    page is gone, holds some of them and waits for others. Every other database is left alone.
    """
    for connection in connections.all():
        if connection.vendor == "postgresql":
            operations: Any = connection.ops
            operations.execute_sql_flush = tried_again(operations.execute_sql_flush)


def tried_again(flush: Any) -> Any:
    """As `flush`, and again after a deadlock, some times."""

    @wraps(flush)
    def execute_sql_flush(statements: Any) -> None:
        for _ in range(TRIES - 1):
            try:
                flush(statements)
            except OperationalError as error:
                if sqlstate(error) != DEADLOCK:
                    raise
            else:
                return
        flush(statements)

    return execute_sql_flush

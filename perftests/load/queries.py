"""Counts the SQL statements that the server under load runs, in all its threads."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from time import thread_time
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver

TIMED_ROUNDS = 100


class StatementCounter:
    """An `execute_wrapper` of Django; `statements` says how often each has run, by its text with
    placeholders.
    """

    def __init__(self) -> None:
        self.statements: Counter[str] = Counter()

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        self.statements[sql] += 1
        return execute(sql, params, many, context)

    def seconds_each(self) -> float:
        """CPU time that it adds to a statement: timed now, on those it has counted, none is run."""
        # Copies, as Django composes each text anew, and what is new has to be hashed.
        texts = [sql.encode().decode() for sql in self.statements for _ in range(TIMED_ROUNDS)]
        timed = StatementCounter()
        begun = thread_time()
        for sql in texts:
            _execute_nothing(sql, None, False, None)
        without = thread_time() - begun
        for sql in texts:
            partial(timed, _execute_nothing)(sql, None, False, None)
        return (thread_time() - begun - 2 * without) / max(1, len(texts))


def _execute_nothing(sql: str, params: Any, many: bool, context: Any) -> None:
    pass


counter = StatementCounter()


@receiver(connection_created)
def _watch(connection: BaseDatabaseWrapper, **_: Any) -> None:
    if counter not in connection.execute_wrappers:
        connection.execute_wrappers.append(counter)

"""Counts the SQL statements that the server under load runs, in all its threads."""

import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import thread_time
from types import FrameType
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver

import notifications

TIMED_ROUNDS = 100

PRODUCT = Path(str(notifications.__file__)).parent


class StatementCounter:
    """An `execute_wrapper` of Django.

    `statements` says how often each has run, by its text with placeholders, and `origins` which
    line of the product ran it first, such as "notifications/send.py:12"; empty for none.
    """

    def __init__(self) -> None:
        self.statements: Counter[str] = Counter()
        self.origins: dict[str, str] = {}

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        self.statements[sql] += 1
        if sql not in self.origins:
            self.origins[sql] = line_of_the_product()
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


def line_of_the_product(*, but_for: Path | None = None) -> str:
    """Of its lines that are being run now, the innermost one; of those in `but_for` if no other."""
    frame: FrameType | None = sys._getframe(1)
    inner = ""
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(PRODUCT):
            line = f"{path.relative_to(PRODUCT.parent).as_posix()}:{frame.f_lineno}"
            if but_for is None or not path.is_relative_to(but_for):
                return line
            inner = inner or line
        frame = frame.f_back
    return inner


def _execute_nothing(sql: str, params: Any, many: bool, context: Any) -> None:
    pass


counter = StatementCounter()


def report() -> dict[str, Any]:
    """What this process has run so far, as `load.server.control` reads it."""
    return {"statements": counter.statements, "origins": counter.origins}


@receiver(connection_created)
def _watch(connection: BaseDatabaseWrapper, **_: Any) -> None:
    if counter not in connection.execute_wrappers:
        connection.execute_wrappers.append(counter)

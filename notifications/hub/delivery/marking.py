"""Writing marks together, and past the rows that somebody else has locked."""

import logging
from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError

from notifications.background.coalesce import Coalescer, Work
from notifications.conf import get_settings
from notifications.signals import MARKED, Marking
from notifications.states import Mark
from notifications.store import marking
from notifications.store.marking import Changed
from notifications.store.parameters import Marked

from ..database.connection import is_lock_timeout

QUIET_FAILURES = 4
"""One that fails now and then is the everyday life of a busy SQLite."""

K = TypeVar("K")
V = TypeVar("V")


def written_together(
    name: str, work: Work[K, V], merge: Callable[[V, V], V], log: logging.Logger
) -> Coalescer[K, V]:
    """A coalescer of marks, which wait a moment for others."""
    return Coalescer(
        name,
        work,
        merge,
        delay=lambda: get_settings().ACK_FLUSH_SECONDS,
        quiet_failures=QUIET_FAILURES,
        log=log,
    )


def mark(kind: Mark, marked: Marked, around_locks: bool) -> tuple[Changed, Changed]:
    """In the database thread; returns what has changed, and what is locked.

    Whoever listens is told of what has changed, which is committed.
    """
    changed, locked = _mark(kind, marked, around_locks)
    signal = MARKED.get(kind)
    if changed and signal is not None:
        signal.tell([Marking(pk, ids) for pk, ids in changed.items()])
    return changed, locked


def _mark(kind: Mark, marked: Marked, around_locks: bool) -> tuple[Changed, Changed]:
    """Of acks mostly nobody is told: then they are not asked what they changed."""
    if not around_locks:
        try:
            if kind != "delivered" or MARKED[kind].receivers:
                return marking.change(kind, marked), {}
            marking.mark(kind, marked)
        except OperationalError as error:
            if not is_lock_timeout(error):
                raise
        else:
            return {}, {}
    return marking.change_unlocked(kind, marked)

"""After commit: hints to groups. The only module that publishes.

Works from any sync code, without an event loop: views, commands, task workers. A layer that is
down never fails the caller: the rows are committed, and each hub's sweep finds them.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction

from . import hints
from .layers import Batch, get_hints_layer
from .models import Notification

logger = logging.getLogger(__name__)


class _Pending:
    """What one transaction has to announce; published at once when it commits."""

    def __init__(self) -> None:
        self.batch: list[tuple[bytes, Sequence[str]]] = []

    def __call__(self) -> None:
        publish(self.batch)


def announce_on_commit(notification: Notification, reached: list[Any] | int, using: str) -> None:
    """Tell the sockets of those `reached`: by their groups when they are listed, else all hubs."""
    if not reached:
        return
    text = notification.frame()
    message: tuple[bytes, Sequence[str]]
    if isinstance(reached, int):
        message = hints.encode(hints.Announced(notification.pk, text)), [hints.HUBS]
    else:
        groups = [hints.user_group(pk) for pk in reached]
        message = hints.encode(hints.Notified(notification.pk, text)), groups
    _pending(using).append(message)


def _pending(using: str) -> list[tuple[bytes, Sequence[str]]]:
    """The batch of the running transaction.

    Only a batch of the same savepoints may grow: a rollback to a savepoint has to take with it
    what was announced inside, and nothing else.
    """
    connection = transaction.get_connection(using)
    savepoints = set(connection.savepoint_ids)
    for registered, function, _ in connection.run_on_commit:
        if isinstance(function, _Pending) and registered == savepoints:
            return function.batch
    pending = _Pending()
    if connection.in_atomic_block:
        transaction.on_commit(pending, using=using, robust=True)
        return pending.batch
    return _Immediate()


class _Immediate(list[tuple[bytes, Sequence[str]]]):
    """Outside a transaction the rows are committed already: nothing to wait for."""

    def append(self, message: tuple[bytes, Sequence[str]]) -> None:
        publish([message])


def state_changed(pk: Any, change: hints.Change, ids: Iterable[int]) -> None:
    """Tell a user's other tabs. Call it when the change is committed."""
    publish([(hints.encode(hints.Changed(change, list(ids))), [hints.user_group(pk)])])


def signed_out(pk: Any, session_key: str = "") -> None:
    """Close the sockets of one session of a user, or all of the user's."""
    session = hints.session_digest(session_key) if session_key else ""
    publish([(hints.encode(hints.SignedOut(session)), [hints.user_group(pk)])])


def publish(batch: Batch) -> None:
    """Hand a batch to the layer; whatever goes wrong there is logged and delays, never fails."""
    try:
        get_hints_layer().publish_hints(batch)
    except Exception:
        logger.exception("Hints were not published; the sweep delivers within seconds")

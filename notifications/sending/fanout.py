"""After commit: hints to groups. The only module that publishes.

Works from any sync code, without an event loop: views, commands, task workers. A layer that is
down never fails the caller: the rows are committed, and each hub's sweep finds them.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from ..access.users import primary_key
from ..background.counters import counters
from ..layers import Batch, LayerUnavailable, get_hints_layer
from ..models import Notification
from ..signals import Batched, Sent, sent
from ..states import News
from ..store.inserting import Reached
from ..wire import hints

logger = logging.getLogger(__name__)


MAX_HELD = 10_000
"""Messages that one connection holds back in memory until a commit; the sweep finds the rest."""

Message = tuple[bytes, Sequence[str]]

T = TypeVar("T")


class _Uncommitted:
    """What waits for a commit, published in one go; Django keeps it among the callbacks.

    It is also what Django keeps as the callback's savepoints, to ask at each rollback to one
    whether it is among them. Its own answer knows those of `transaction.savepoint`, too, where
    Django counts only those of `atomic`.
    """

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._messages: list[tuple[int, Message]] = []
        self._told: list[tuple[int, Batched[Any], Any]] = []
        self.published = False

    def add(self, message: Message) -> None:
        """Keep it with the number of savepoints that were made before."""
        if len(self._messages) < MAX_HELD:
            self._messages.append((self._connection.savepoint_state, message))

    def tell(self, signal: Batched[Any], what: Any) -> None:
        """Keep it as well; whoever listens wants all of it."""
        self._told.append((self._connection.savepoint_state, signal, what))

    def __contains__(self, rolled_back_to: str) -> bool:
        """What came after that savepoint goes, and with the last of it the callback."""
        last = rolled_back_to.rpartition("_x")[2]
        number = int(last) if last.isdecimal() else 0
        if number > self._connection.savepoint_state:
            number = 0  # made before the count began anew: who knows what came after it
        self._messages = [kept for kept in self._messages if kept[0] < number]
        self._told = [kept for kept in self._told if kept[0] < number]
        return not (self._messages or self._told)

    def __call__(self) -> None:
        self.published = True
        if self._messages:
            publish([message for _, message in self._messages])
        batches: dict[Batched[Any], list[Any]] = {}
        for _, signal, what in self._told:
            batches.setdefault(signal, []).append(what)
        for signal, batch in batches.items():
            signal.tell(batch)


def hint_on_commit(notification: Notification, reached: Reached, using: str) -> None:
    """Tell the sockets of those `reached`: by their groups when they are listed, else all hubs."""
    if not reached:
        return
    text = notification.frame()
    message: Message
    if isinstance(reached, int):
        message = hints.encode(hints.Announced(notification.pk, text)), [hints.HUBS]
    else:
        groups = [hints.user_group(pk) for pk in reached]
        shared = len(groups) > 1 or notification.key is not None
        message = hints.encode(hints.Notified(notification.pk, text, shared)), groups
    _publish_on_commit(message, using)
    if sent.receivers:
        few = None if isinstance(reached, int) else list(reached)
        count = reached if isinstance(reached, int) else len(reached)
        tell_on_commit(sent, Sent(notification, few, count), using)


def edited_on_commit(notification_id: int, using: str) -> None:
    """Let all hubs look at this notification again when the change is committed."""
    _publish_on_commit((hints.encode(hints.Edited(notification_id)), [hints.HUBS]), using)


def signed_out_on_commit(pk: Any, using: str, session_key: str = "") -> None:
    """Close the sockets of one session of a user, or all, when what happened is committed."""
    _publish_on_commit(_signed_out(pk, session_key), using)


def _publish_on_commit(message: Message, using: str) -> None:
    """Publish it when what `using` has written is committed, never if that is rolled back.

    With autocommit off, Django tells of commits when it is switched on again; until then, as for
    whatever a callback of others that fails takes along, the sweep does.
    """
    connection = transaction.get_connection(using)
    if _is_open(connection):
        _uncommitted(connection).add(message)
    else:
        publish([message])


def tell_on_commit(signal: Batched[T], what: T, using: str) -> None:
    """Tell whoever listens, of all in this transaction at once, when it is committed."""
    if not signal.receivers:
        return
    connection = transaction.get_connection(using)
    if _is_open(connection):
        _uncommitted(connection).tell(signal, what)
    else:
        signal.tell([what])


def _is_open(connection: BaseDatabaseWrapper) -> bool:
    """Whether what is written is still to be committed."""
    return connection.in_atomic_block or not connection.get_autocommit()


def _uncommitted(connection: BaseDatabaseWrapper) -> _Uncommitted:
    callbacks: list[Any] = connection.run_on_commit
    for _, waiting, _ in callbacks:
        # In a `TestCase`, which never commits, those that were captured and run stay there.
        if isinstance(waiting, _Uncommitted) and not waiting.published:
            return waiting
    uncommitted = _Uncommitted(connection)
    # As `on_commit` does it, which refuses to while autocommit is off.
    callbacks.append((uncommitted, uncommitted, True))
    return uncommitted


def state_changed(user: Any, change: News, ids: Iterable[int]) -> None:
    """Tell the other tabs of a user, given as such or by primary key.

    Call it when the change is committed. Raises `InvalidRecipient` for what is no user.
    """
    publish([_changed(primary_key(user), change, ids)])


def state_changed_on_commit(pk: Any, change: News, ids: Iterable[int], using: str) -> None:
    """Tell the other tabs of the user with this primary key when the change is committed."""
    _publish_on_commit(_changed(pk, change, ids), using)


def _changed(pk: Any, change: News, ids: Iterable[int]) -> Message:
    return hints.encode(hints.Changed(change, list(ids))), [hints.user_group(pk)]


def signed_out(user: Any, session_key: str = "") -> None:
    """Close the sockets of one session of a user, or all of the user's.

    The user may be given by primary key. Call it when the change is committed. Raises
    `InvalidRecipient` for what is no user.
    """
    publish([_signed_out(primary_key(user), session_key)])


def _signed_out(pk: Any, session_key: str) -> Message:
    session = hints.session_digest(session_key) if session_key else ""
    return hints.encode(hints.SignedOut(session)), [hints.user_group(pk)]


def publish(batch: Batch) -> None:
    """Hand a batch to the layer; whatever goes wrong there is logged and delays, never fails."""
    try:
        get_hints_layer().publish_hints(batch)
    except LayerUnavailable:
        counters.layer_errors += 1  # the layer has said so, once
    except Exception:
        counters.layer_errors += 1
        logger.exception("Hints were not published; the sweep delivers within seconds")

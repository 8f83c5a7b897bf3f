"""Signals of what has happened to notifications: in batches, once it is committed.

A receiver takes `batch`, a list of what each signal says below; the sender is `None`. Where nobody
listens it costs one look at an empty list for each batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.dispatch import Signal

if TYPE_CHECKING:
    from .models import Notification

T = TypeVar("T")


class Batched(Signal, Generic[T]):
    """A signal of several at once."""

    def tell(self, batch: Sequence[T]) -> None:
        """A receiver that fails is logged by Django, and neither fails nor stops anything else."""
        if self.receivers and batch:
            self.send_robust(None, batch=batch)


@dataclass(frozen=True, slots=True)
class Sent:
    """One notification, and whom it was sent to in this transaction.

    `recipients` are primary keys; `None` where they are no list of at most `FANOUT_LIMIT`. `count`
    is their number in any case.
    """

    notification: "Notification"
    recipients: Sequence[Any] | None
    count: int


@dataclass(frozen=True, slots=True)
class Marking:
    """Ids of notifications whose state has changed for one user, given by primary key."""

    recipient: Any
    notifications: Sequence[int]


@dataclass(frozen=True, slots=True)
class Drop:
    """How many were dropped from the queue of one user, given by primary key."""

    recipient: Any
    count: int


sent: Batched[Sent] = Batched()
"""What one transaction has sent. In the thread that committed."""

delivered: Batched[Marking] = Batched()
"""What devices have acknowledged. In the database thread of a hub, or of the request."""

seen: Batched[Marking] = Batched()
"""What users have marked as seen."""

read: Batched[Marking] = Batched()
"""What users have marked as read; it counts as delivered and seen, which is not told again."""

dropped: Batched[Drop] = Batched()
"""What a queue that was too long or too old has lost unseen."""

MARKED: dict[str, Batched[Marking]] = {"delivered": delivered, "seen": seen, "read": read}

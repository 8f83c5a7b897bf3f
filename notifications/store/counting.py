"""How many deliveries users have queued and unread."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.models import Aggregate, Count, Min, Q

from ..models import Delivery, DeliveryQuerySet
from ..states import STATES
from .database import database
from .parameters import of_recipients


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one user's deliveries; `oldest` is the id of the first notification in the queue."""

    queued: int = 0
    unread: int = 0
    oldest: int = 0


_QUEUED = Q(**dict.fromkeys(c for c in STATES["queued"].null if c not in STATES["unread"].null))
"""What is queued is unread, so of those only this is asked."""


def count(pks: Collection[Any]) -> dict[Any, Counts]:
    """Queued and unread deliveries of each user who has any; one scan of a partial index."""
    found = per_user(
        deliveries_of(pks).unread(),
        Count("notification_id", filter=_QUEUED),
        Count("*"),
        Min("notification_id", filter=_QUEUED),
    )
    return {
        pk: Counts(waiting, unread, oldest or 0) for pk, (waiting, unread, oldest) in found.items()
    }


def deliveries_of(pks: Collection[Any]) -> DeliveryQuerySet:
    """All of these users'."""
    using = database()
    return Delivery.objects.using(using).filter(of_recipients(connections[using], pks))


def per_user(deliveries: DeliveryQuerySet, *aggregates: Aggregate) -> dict[Any, tuple[int, ...]]:
    """The aggregates of each user who has any of these."""
    named = {f"value{number}": aggregate for number, aggregate in enumerate(aggregates)}
    rows = deliveries.order_by().values_list("recipient_id").annotate(**named)
    return {row[0]: row[1:] for row in rows}

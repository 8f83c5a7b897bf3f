"""The limits of the offline queue."""

from typing import Any

from django.db.models import Q, Window
from django.db.models.functions import RowNumber

from ..conf import get_settings
from ..db.recovery import reconnecting
from ..models import Delivery, DeliveryQuerySet
from ..signals import Drop, dropped
from .counting import Counts, count, deliveries_of
from .database import database
from .ids import newest_older_than


def drop_excess(found: dict[Any, Counts]) -> dict[Any, int]:
    """Drop what exceeds `MAX_QUEUED` and `MAX_QUEUED_DAYS`, the oldest first.

    `found` are the counts of the users to look at; returns how many each of them lost. Asks for
    no lock where there is nothing to drop.
    """
    settings = get_settings()
    too_old = newest_older_than(settings.MAX_QUEUED_DAYS)
    excess = [
        pk
        for pk, mine in found.items()
        if mine.queued > settings.MAX_QUEUED or 0 < mine.oldest <= too_old
    ]
    if not excess:
        return {}
    # One statement: where a row is locked none is dropped, and so none that nobody is told of.
    lost = _beyond(settings.MAX_QUEUED, too_old, deliveries_of(excess)).drop_by_user()
    dropped.tell([Drop(pk, number) for pk, number in lost.items()])
    return lost


def drop_excess_of_all() -> int:
    """Apply the limits to all users; how many were dropped."""
    return reconnecting(database(), lambda _: _drop_excess_of_all())


def _drop_excess_of_all() -> int:
    queued = Delivery.objects.using(database()).queued().order_by()
    pks = list(queued.values_list("recipient_id", flat=True).distinct())
    return sum(drop_excess(count(pks)).values())


def _beyond(limit: int, too_old: int, deliveries: DeliveryQuerySet) -> DeliveryQuerySet:
    """Of each user's queue, all but the newest `limit`, and whatever is `too_old`."""
    rank = Window(RowNumber(), partition_by="recipient_id", order_by="-notification_id")
    ranked = deliveries.queued().order_by().annotate(rank=rank)
    return ranked.filter(Q(rank__gt=limit) | Q(notification_id__lte=too_old))

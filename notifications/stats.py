"""How the system is doing, in numbers."""

from dataclasses import dataclass

from django.db.models import Count, Q

from .models import Delivery, Notification
from .offline import database


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts over all rows; each state includes those that went further."""

    notifications: int
    deliveries: int
    recipients: int
    queued: int
    delivered: int
    seen: int
    read: int
    archived: int
    dropped: int


def statistics() -> Statistics:
    """Two queries, whatever the number of rows."""
    using = database()
    counted = Delivery.objects.using(using).aggregate(
        deliveries=Count("pk"),
        recipients=Count("recipient_id", distinct=True),
        queued=Count("pk", filter=Q(delivered_at=None, archived_at=None)),
        dropped=Count("pk", filter=Q(delivered_at=None, archived_at__isnull=False)),
        delivered=Count("delivered_at"),
        seen=Count("seen_at"),
        read=Count("read_at"),
        archived=Count("archived_at"),
    )
    return Statistics(notifications=Notification.objects.using(using).count(), **counted)

"""How the system is doing, in numbers."""

from dataclasses import dataclass, fields

from django.db.models import Count, Q, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from ..db.recovery import reconnecting
from ..models import Delivery, Notification, has_expired
from ..states import STATES, State
from .database import database


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts over all rows; each state includes those that went further."""

    notifications: int
    deliveries: int
    recipients: int
    queued: int
    unread: int
    delivered: int
    seen: int
    read: int
    archived: int
    dropped: int


def statistics() -> Statistics:
    """Two queries, whatever the number of rows; on a new connection if the old one is lost."""
    using = database()
    return reconnecting(using, lambda _: _counted(using))


def _counted(using: str) -> Statistics:
    counted = Delivery.objects.using(using).aggregate(
        deliveries=Count("pk"),
        recipients=Count("recipient_id", distinct=True),
        **{state: _in_state(state) for state in STATES if state in _COUNTED},
    )
    return Statistics(notifications=Notification.objects.using(using).count(), **counted)


_COUNTED = {field.name for field in fields(Statistics)}


def _in_state(state: State) -> Combinable:
    """As many as `DeliveryQuerySet.in_state` finds: all, minus those of the few that have expired.

    Subtracted, as a look at the notification of each delivery would take most of the time.
    """
    condition = Q(**STATES[state].lookups())
    all_ = Count("pk", filter=condition)
    if STATES[state].expired is None:
        return all_
    expired = Delivery.objects.filter(condition, has_expired("notification__expires_at")).order_by()
    number = expired.values(one=Value(1)).annotate(number=Count("pk")).values("number")
    return all_ - Coalesce(Subquery(number), 0)

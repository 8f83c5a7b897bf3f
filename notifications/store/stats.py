"""How the system is doing, in numbers."""

from dataclasses import dataclass, fields

from django.db.models import Count, OuterRef, Q, Subquery, Sum, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from ..db.recovery import reconnecting
from ..models import Delivery, Notification
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

    Subtracted, as a look at the notification of each delivery would take most of the time; and
    counted for each that has expired, as PostgreSQL goes by statistics, which may be of an empty
    table, and would join each with each.
    """
    condition = STATES[state]
    all_ = Count("pk", filter=Q(**condition.lookups()))
    if condition.expired is None:
        return all_
    its = Delivery.objects.filter(notification=OuterRef("pk")).all_null(condition.null).order_by()
    number = its.values("notification").annotate(number=Count("pk")).values("number")
    expired = Notification.objects.expired().order_by().values(one=Value(1))
    numbers = expired.annotate(number=Sum(Coalesce(Subquery(number), 0))).values("number")
    return all_ - Coalesce(Subquery(numbers), 0)

"""Ids of notifications, which grow with time."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import connections
from django.db.models import Func, Q

from ..db.clock import MAX_AGE, Now, ago, days_ago
from ..db.members import among
from ..models import Notification
from .database import database

MAX_EDITS = 1000
"""Of which one look tells; it takes some milliseconds."""


def newest_id() -> int:
    """The highest id of all notifications, 0 before there are any."""
    newest = Notification.objects.using(database()).order_by("-pk").values_list("pk", flat=True)
    return newest.first() or 0


def ids_after(notification_id: int, limit: int) -> list[int]:
    """The newest `limit` ids of notifications above this one, in order."""
    newer = Notification.objects.using(database()).filter(pk__gt=notification_id)
    return list(newer.order_by("-pk").values_list("pk", flat=True)[:limit])[::-1]


def age_seconds(notification_id: int) -> float | None:
    """How long ago it was sent, by the clock of the database; `None` if it is gone."""
    this = Notification.objects.using(database()).filter(pk=notification_id)
    times = this.values_list("created_at", Now(output_field=Notification.created_at.field)).first()
    return (times[1] - times[0]).total_seconds() if times and times[0] else None


def edited_lately(age: timedelta) -> dict[int, Any]:
    """Those that were edited or recalled since, each with when; the last `MAX_EDITS` of them."""
    return _edits(Q(edited_at__gte=ago(age)))


def edited_among(notification_ids: Iterable[int]) -> dict[int, Any]:
    """Those of these that were ever edited or recalled, each with when."""
    return _edits(with_ids("pk", notification_ids))


def _edits(which: Q | Func) -> dict[int, Any]:
    rows = Notification.objects.using(database()).filter(which, edited_at__isnull=False)
    return dict(rows.order_by("-edited_at").values_list("pk", "edited_at")[:MAX_EDITS])


def newest_older_than(days: float) -> int:
    """Ids grow with time, so one id stands for an age."""
    # One that SQL from elsewhere has put before all time must not stand for the ids below.
    ages = ago(MAX_AGE), days_ago(days)
    older = Notification.objects.using(database()).filter(created_at__range=ages)
    newest = older.order_by("-created_at").values_list("pk", flat=True).first()
    return newest or 0


def with_ids(column: str, notification_ids: Iterable[int]) -> Q | Func:
    """That `column` is the id of one of these notifications, as a condition."""
    return among(connections[database()], column, notification_ids, Notification._meta.pk)

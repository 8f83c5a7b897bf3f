"""Deleting what is old: in batches of SQL, never through Python objects."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from . import offline
from .models import Delivery, Notification
from .offline import database


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows were, or would be, deleted."""

    deliveries: int
    notifications: int


def prunable(days: float) -> Pruned:
    """What `prune` would delete."""
    return Pruned(
        sum(kind.count() for kind in _deliveries(days)),
        _notifications(days).count(),
    )


def prune(days: float, *, batch_size: int, done: Callable[[int], None]) -> Pruned:
    """Delete notifications older than `days`, expired ones, and rows that belong to nobody.

    Deliveries go first, so that a crash in between leaves nothing without its notification. Each
    batch is a transaction of its own, which keeps locks short; `done` is told its rows.
    """
    deliveries = sum(_delete(kind, batch_size, done) for kind in _deliveries(days))
    return Pruned(deliveries, _delete(_notifications(days), batch_size, done))


def drop_excess() -> int:
    """Apply the limits of the offline queue to all users; how many were dropped."""
    queued = Delivery.objects.using(database()).queued().order_by()
    pks = list(queued.values_list("recipient_id", flat=True).distinct())
    return sum(offline.drop_excess(offline.counts(pks)).values())


def _notifications(days: float) -> QuerySet[Notification]:
    old = Q(created_at__lt=Now() - timedelta(days=days)) | Q(expires_at__lte=Now())
    return Notification.objects.using(database()).filter(old).order_by()


def _deliveries(days: float) -> list[QuerySet[Delivery]]:
    """Those of old notifications, and those whose user or notification SQL has deleted."""
    all_ = Delivery.objects.using(database()).order_by()
    user = get_user_model()._base_manager.filter(pk=OuterRef("recipient"))
    notification = Notification.objects.filter(pk=OuterRef("notification"))
    return [
        all_.filter(notification__in=_notifications(days)),
        all_.filter(~Exists(user) | ~Exists(notification)),
    ]


def _delete(rows: QuerySet[Any], size: int, done: Callable[[int], None]) -> int:
    """Batch by batch. `_raw_delete` skips the collector, which would load every row."""
    deleted = 0
    while True:
        batch = rows.model._base_manager.using(rows.db).filter(pk__in=rows.values("pk")[:size])
        number: int = batch._raw_delete(rows.db)
        if not number:
            return deleted
        deleted += number
        done(number)

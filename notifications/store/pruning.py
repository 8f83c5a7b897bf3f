"""Deleting what is old: in batches of SQL, never through Python objects."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from ..db.clock import ago, days_ago
from ..db.deletion import delete_rows
from ..db.read_first import locked_first, read_first
from ..db.recovery import reconnecting
from ..models import Delivery, Notification
from .database import database

DAYS_WITHOUT_ANYBODY = 1
"""A notification that nobody has any more, or ever had, is kept so long for its `key`."""

TELLING = timedelta(minutes=5)
"""What was recalled is kept so long, as its rows say who is to be told."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows were, or would be, deleted."""

    deliveries: int
    notifications: int


def prunable(days: float) -> Pruned:
    """What `prune` would delete."""
    return reconnecting(
        database(),
        lambda _: Pruned(
            sum(kind.count() for kind in _deliveries(days)),
            (_old(days) | _of_nobody(days)).count(),
        ),
    )


def prune(days: float, *, batch_size: int, done: Callable[[int], None]) -> Pruned:
    """Delete notifications older than `days`, expired ones, and rows that belong to nobody.

    Deliveries go first, so that a crash in between leaves nothing without its notification. Each
    batch is a transaction of its own, which keeps locks short; `done` is told its rows.
    """
    deliveries = sum(_delete(kind, batch_size, done) for kind in _deliveries(days))
    notifications = _delete(_old(days), batch_size, done)
    notifications += _delete(_of_nobody(days), batch_size, done, locking=True)
    return Pruned(deliveries, notifications)


def _old(days: float) -> QuerySet[Notification]:
    all_ = Notification.objects.using(database()).order_by()
    told = Q(edited_at=None) | Q(edited_at__lt=ago(TELLING))
    return all_.filter(created_at__lt=days_ago(days)) | all_.expired().filter(told)


def _of_nobody(days: float) -> QuerySet[Notification]:
    anybody = Delivery.objects.using(database()).filter(notification=OuterRef("pk"))
    aged = (
        Notification.objects.using(database())
        .order_by()
        .filter(created_at__lt=days_ago(min(days, DAYS_WITHOUT_ANYBODY)))
    )
    return aged.filter(~Exists(anybody))


def _deliveries(days: float) -> list[QuerySet[Delivery]]:
    """Those of old notifications, and those whose user or notification SQL has deleted."""
    all_ = Delivery.objects.using(database()).order_by()
    user = get_user_model()._base_manager.filter(pk=OuterRef("recipient"))
    notification = Notification.objects.filter(pk=OuterRef("notification"))
    return [
        all_.filter(notification__in=_old(days)),
        all_.filter(~Exists(user) | ~Exists(notification)),
    ]


def _delete(
    rows: QuerySet[Any], size: int, done: Callable[[int], None], *, locking: bool = False
) -> int:
    """Batch by batch."""
    delete_some = _delete_locked if locking else _delete_some
    deleted = 0
    while True:
        number = reconnecting(rows.db, lambda _: delete_some(rows, size))
        if not number:
            return deleted
        deleted += number
        done(number)


def _delete_some(rows: QuerySet[Any], size: int) -> int:
    return delete_rows(read_first(rows[:size]))


def _delete_locked(rows: QuerySet[Any], size: int) -> int:
    """Somebody may be sent one of them just now, by its key."""
    keys = list(rows.values_list("pk", flat=True)[:size])
    if not keys:
        return 0
    with transaction.atomic(rows.db):
        return delete_rows(read_first(locked_first(rows, keys)))

"""From their table to ours: in batches, and each row once, however often it is run."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from ..conf import get_settings
from ..db.clock import MAX_AGE
from ..exceptions import InvalidNotification, NotificationError
from ..models import Delivery, Notification
from ..store.database import database
from .objects import Objects
from .source import Source
from .translating import translate

SOURCES = ("django-notifications-hq", "django-notifications-community")
"""The fork has the table of what it was forked from."""

TABLE = "notifications_notification"

PREFIX = "import:"
"""Of the keys of all that was imported, from whichever table."""

MAX_REASONS = 20
"""Refused rows that are told of, one by one."""

Row = dict[str, Any]


class AlreadySending(NotificationError):
    """What is older would stand above what this app has sent."""


@dataclass(slots=True)
class Imported:
    """How many rows became notifications, or would; and why the others did not."""

    imported: int = 0
    present: int = 0
    deleted: int = 0
    too_old: int = 0
    refused: int = 0
    reasons: list[str] = field(default_factory=list)

    @property
    def looked_at(self) -> int:
        return self.imported + self.present + self.deleted + self.too_old + self.refused


def import_from(
    table: str, *, batch_size: int, dry_run: bool, done: Callable[[Imported], None]
) -> Imported:
    """Copy what users have in the table of the other app, which stays as it is.

    Each batch is a transaction of its own, so whatever ends it, the next call goes on. Nothing is
    pushed: it counts as delivered. `done` hears of each batch. Raises `NoSuchTable`, and
    `AlreadySending` once this app has sent notifications of its own, as ids grow with time.
    """
    source, total = Source(table, database()), Imported()
    _require_first(table)
    oldest = timezone.now() - timedelta(days=min(get_settings().KEEP_DAYS, MAX_AGE.days))
    for rows in source.batches(batch_size):
        _import(_wanted(rows, table, oldest, total), total, write=not dry_run)
        done(total)
    return total


def key_of(table: str, row_id: int) -> str:
    """By which a notification is known to come from a row."""
    return f"{PREFIX}{table}:{row_id}"


def _require_first(table: str) -> None:
    newest = Notification.objects.using(database()).order_by("-pk").first()
    if newest is not None and not (newest.key or "").startswith(PREFIX):
        raise AlreadySending(
            f"this app has sent notifications of its own, the last is {newest.pk}; import before "
            "the first, or delete them: ids grow with time, and what is older would stand above"
        )


def _wanted(rows: list[Row], table: str, oldest: datetime, total: Imported) -> dict[str, Row]:
    """By key, those that are to come and have not."""
    found = {}
    for row in rows:
        if row["deleted"]:
            total.deleted += 1
        elif row["timestamp"] and row["timestamp"] < oldest:
            total.too_old += 1
        else:
            found[key_of(table, row["id"])] = row
    present = Notification.objects.using(database()).filter(key__in=list(found))
    keys = set(present.values_list("key", flat=True))
    total.present += len(keys)
    return {key: row for key, row in found.items() if key not in keys}


def _import(rows: dict[str, Row], total: Imported, *, write: bool) -> None:
    objects = Objects(rows.values(), database())
    pairs = []
    for key, row in rows.items():
        try:
            pairs.append(translate(row, objects, key))
        except InvalidNotification as error:
            total.refused += 1
            if len(total.reasons) < MAX_REASONS:
                total.reasons.append(f"{row['id']}: {error}")
    total.imported += len(pairs)
    if write:
        _write(pairs)


def _write(pairs: list[tuple[Notification, Delivery]]) -> None:
    """A key that another import has written meanwhile is an IntegrityError, and nothing is left."""
    with transaction.atomic(database()):
        Notification.objects.using(database()).bulk_create([one for one, _ in pairs])
        for notification, delivery in pairs:
            delivery.notification_id = notification.pk
        Delivery.objects.using(database()).bulk_create([one for _, one in pairs])

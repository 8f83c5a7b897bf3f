"""A user's list, page by page, and how much of it is new."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from notifications.db.fields import UNREADABLE
from notifications.states import STATES, State

from ..frames import read_contents
from .rows import own

TIMES = ("delivered_at", "seen_at", "read_at", "archived_at")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a page shows. `None` and nothing mean: whatever it is. A target has a type and a key."""

    archived: bool = False
    unread: bool | None = None
    unseen: bool | None = None
    categories: Sequence[str] = ()
    levels: Sequence[str] = ()
    since: datetime | None = None
    target: tuple[Any, str] | None = None

    def condition(self) -> Q:
        """All but the state, for deliveries."""
        found = Q()
        if self.unread is not None:
            found &= Q(read_at__isnull=self.unread)
        if self.unseen is not None:
            found &= Q(seen_at__isnull=self.unseen)
        if self.categories:
            found &= Q(notification__category__in=self.categories)
        if self.levels:
            found &= Q(notification__level__in=self.levels)
        if self.since is not None:
            found &= Q(notification__created_at__gte=self.since)
        if self.target is not None:
            content_type, key = self.target
            found &= Q(
                notification__target_content_type=content_type, notification__target_object_id=key
            )
        return found


@dataclass(frozen=True, slots=True)
class Listed:
    """What a notification says, by the names of `models.WIRE`, and how far it has come."""

    content: dict[str, Any]
    times: dict[str, datetime | None]


def page(pk: Any, filters: Filters, before: int | None, size: int) -> tuple[list[Listed], int]:
    """The newest `size` with ids below `before`, and the id to go on before: 0 after the last.

    What cannot be read is left out and logged. Two queries.
    """
    state: State = "archived" if filters.archived else "inbox"
    deliveries = own(pk).in_state(state).filter(filters.condition())
    if before is not None:
        deliveries = deliveries.filter(notification_id__lt=before)
    found = deliveries.order_by("-notification_id").values_list("notification_id", *TIMES)
    rows = list(found[: size + 1])
    return _listed(rows[:size]), rows[size - 1][0] if len(rows) > size else 0


def one(pk: Any, notification_id: int) -> Listed | None:
    """One of the user's, in the list or in the archive."""
    rows = own(pk).filter(notification_id=notification_id)
    return next(iter(_listed(list(rows.values_list("notification_id", *TIMES)))), None)


def count_unread(pk: Any) -> int:
    """One query, by the index of the unread alone."""
    return own(pk).unread().count()


def count_new(pk: Any) -> tuple[int, int]:
    """How many are unread and unseen. One query, by the index of the unread."""
    unseen = Q(**{c: None for c in STATES["unseen"].null if c not in STATES["unread"].null})
    counted = own(pk).unread().aggregate(unread=Count("*"), unseen=Count("pk", filter=unseen))
    return counted["unread"], counted["unseen"]


def _listed(rows: Sequence[tuple[Any, ...]]) -> list[Listed]:
    contents = read_contents(row[0] for row in rows)
    return [
        Listed(contents[number][0], dict(zip(TIMES, times, strict=True)))
        for number, *times in rows
        if number in contents and UNREADABLE not in times
    ]

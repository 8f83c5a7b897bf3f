"""The offline queue's verbs, each one query however many users it is about.

Sync code: the hub runs it in its own database thread. The queue is the deliveries that no device
of the user has acknowledged; "offline" is never a guess about who is connected.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from django.db import connections, router
from django.db.models import Aggregate, Count, Min, Q, Window
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now, RowNumber

from . import protocol, sql
from .conf import get_settings
from .models import WIRE, Delivery, DeliveryQuerySet, Notification
from .sql import Marked, Pairs

Mark = Literal["delivered", "seen", "read", "archived"]

_COLUMNS: dict[Mark, tuple[str, ...]] = {
    "delivered": ("delivered_at",),
    "seen": ("delivered_at", "seen_at"),
    "read": ("delivered_at", "seen_at", "read_at"),
    "archived": ("delivered_at", "archived_at"),
}
"""What each mark implies; the last one decides whether there is anything to do."""


MANY = 3
"""Times those asked about: a notification with more recipients has too many to read all."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one user's deliveries; `oldest` is the id of the first notification in the queue."""

    queued: int = 0
    unread: int = 0
    oldest: int = 0


def database() -> str:
    """The database of the rows. Reads go there too: a replica may lag behind the acks."""
    return router.db_for_write(Delivery)


def counts(pks: Collection[Any]) -> dict[Any, Counts]:
    """Queued and unread deliveries of each user who has any; two index scans."""
    queued = _per_user(_of(pks).queued(), Count("*"), Min("notification_id"))
    unread = _per_user(_of(pks).unread(), Count("*"))
    found = {}
    for pk, (number,) in unread.items():
        waiting, oldest = queued.get(pk, (0, 0))
        found[pk] = Counts(waiting, number, oldest)
    return found


def drop_excess(found: dict[Any, Counts]) -> dict[Any, int]:
    """Drop what exceeds `MAX_QUEUED` and `MAX_QUEUED_DAYS`, the oldest first.

    `found` are the counts of the users to look at; returns how many each of them lost. Asks for
    no lock where there is nothing to drop.
    """
    settings = get_settings()
    too_old = _newest_older_than(settings.MAX_QUEUED_DAYS)
    excess = {
        pk: mine.queued
        for pk, mine in found.items()
        if mine.queued > settings.MAX_QUEUED or 0 < mine.oldest <= too_old
    }
    if not excess:
        return {}
    _of(excess).queued().filter(notification_id__lte=too_old).drop()
    _beyond(settings.MAX_QUEUED, _of(excess)).drop()
    left = _per_user(_of(excess).queued(), Count("*"))
    return {pk: before - left.get(pk, (0,))[0] for pk, before in excess.items()}


def replay(wanted: Sequence[tuple[Any, int]], size: int) -> list[list[int]]:
    """For each (user, after this id), the ids of the next `size` queued, oldest first."""
    return sql.queue_pages(connections[database()], wanted, size)


def queued_among(notification_ids: Collection[int], pks: Collection[Any]) -> dict[int, list[Any]]:
    """Those of `pks` who have each of these notifications queued; the oldest notification first.

    All who have it are read, up to `MANY` times as many as asked about: side by side in an index
    each of them costs a sixth of what looking for one of `pks` costs. Beyond, each is looked for.
    """
    if not pks:
        return {}
    connection, ids, among = connections[database()], sorted(notification_ids), set(pks)
    most = MANY * len(among)
    lists = sql.recipients_of_queued(connection, ids, most + 1)
    found = {
        number: [pk for pk in listed if pk in among]
        for number, listed in zip(ids, lists, strict=True)
    }
    long = [number for number, listed in zip(ids, lists, strict=True) if len(listed) > most]
    if long:
        looked_for = sql.queued_among(connection, long, list(among))
        found.update((number, looked_for.get(number, [])) for number in long)
    return {number: listed for number, listed in found.items() if listed}


def overdue(pks: Sequence[Any], grace_seconds: float, size: int) -> Pairs:
    """The oldest `size` that each user has queued, if older than `grace_seconds`.

    Age is told by the database's clock alone.
    """
    pages = replay([(pk, 0) for pk in pks], size) if pks else []
    ids = set().union(*pages)
    if not ids:
        return []
    old_enough = Q(created_at__lt=Now() - timedelta(seconds=grace_seconds))
    found = Notification.objects.using(database()).filter(old_enough, pk__in=_ids(ids))
    old = set(found.values_list("pk", flat=True))
    return [
        (pk, number)
        for pk, page in zip(pks, pages, strict=True)
        for number in page
        if number in old
    ]


def texts(notification_ids: Iterable[int]) -> dict[int, tuple[str, bool]]:
    """The frames of those notifications that exist and have not expired.

    Each with whether it stays good: one that will expire has to be asked for again.
    """
    found = Notification.objects.using(database()).current().filter(pk__in=_ids(notification_ids))
    # Plain values: building an object for each row would take most of the time.
    rows = found.order_by().values_list(*WIRE.values(), "expires_at")
    return {
        row[0]: (protocol.notification(dict(zip(WIRE, row, strict=False))), row[-1] is None)
        for row in rows
    }


def mark(kind: Mark, marked: Marked) -> int:
    """Set a state on many deliveries at once; deleted or already marked ones do not matter."""
    columns = _COLUMNS[kind]
    return sql.update_marked(connections[database()], marked, columns, unset=columns[-1])


def read_all(pk: Any, upto: int) -> list[int]:
    """Mark as read what was delivered and is not newer than `upto`; the ids that changed."""
    deliveries = _of([pk]).delivered().unread().filter(notification_id__lte=upto)
    ids = list(deliveries.order_by().values_list("notification_id", flat=True))
    mark("read", {pk: ids})
    return ids


def _of(pks: Collection[Any]) -> DeliveryQuerySet:
    using = database()
    members = sql.recipients(connections[using], pks)
    return Delivery.objects.using(using).filter(recipient_id__in=members)


def _per_user(deliveries: DeliveryQuerySet, *aggregates: Aggregate) -> dict[Any, tuple[int, ...]]:
    named = {f"value{number}": aggregate for number, aggregate in enumerate(aggregates)}
    rows = deliveries.order_by().values_list("recipient_id").annotate(**named)
    return {row[0]: row[1:] for row in rows}


def _beyond(limit: int, deliveries: DeliveryQuerySet) -> DeliveryQuerySet:
    """Of each user's queue, all but the newest `limit`."""
    rank = Window(RowNumber(), partition_by="recipient_id", order_by="-notification_id")
    ranked = deliveries.queued().order_by().annotate(rank=rank).filter(rank__gt=limit)
    return Delivery.objects.using(deliveries.db).filter(pk__in=ranked.values("pk"))


def _newest_older_than(days: float) -> int:
    """Ids grow with time, so one id stands for an age."""
    older = Notification.objects.using(database()).filter(
        created_at__lt=Now() - timedelta(days=days)
    )
    newest = older.order_by("-created_at").values_list("pk", flat=True).first()
    return newest or 0


def _ids(notification_ids: Iterable[int]) -> RawSQL:
    return sql.members(connections[database()], notification_ids, Notification._meta.pk)

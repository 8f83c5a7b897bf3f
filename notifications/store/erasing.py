"""What the rows say of one user: handed out, or taken away."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import connections, transaction
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils.translation import gettext

from ..db.batches import ask_together
from ..db.clock import Now
from ..db.deletion import delete_rows
from ..db.read_first import locked_first, read_first
from ..db.traces import in_words
from ..models import Delivery, Notification
from .database import database
from .frames import read_in_parts
from .ids import with_ids

Names = Mapping[type[Model], Collection[Any]]
"""Of users: their primary keys by each model as which a notification may name them."""

ROLES = ("actor", "target")
"""As what a notification for others may name a user."""

AT_ONCE = 500
"""Rows that are read, or keys that are looked up, together."""


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows went: deliveries of the user, notifications that nobody else had; and how many
    notifications of others named the user and name nobody now.
    """

    deliveries: int
    notifications: int
    mentions: int


def erase(pk: Any, names: Names) -> tuple[Erased, list[int]]:
    """All or nothing; also the ids of the notifications of others that named the user."""
    with _alone() as using:
        own = Delivery.objects.using(using).filter(recipient_id=pk).order_by()
        alone = _of_nobody_else(own, [pk])
        # Somebody may be sent one of them just now, by its key.
        notifications = _delete(locked_first(alone, list(alone.values_list("pk", flat=True))))
        deliveries = _delete(own)
        changed = forget(names)
        return Erased(deliveries, notifications, len(changed)), changed


def count(pks: Sequence[Any], names: Names) -> Erased:
    """What would go with all of these."""
    own = Delivery.objects.using(database()).filter(recipient_id__in=pks).order_by()
    gone = _of_nobody_else(own, pks)
    named = (rows.exclude(pk__in=gone.values("pk")).count() for _, rows in _naming(names))
    return Erased(own.count(), gone.count(), sum(named))


def forget(names: Names) -> list[int]:
    """Let notifications name "somebody" instead of these users; the ids of those that did.

    It is an edit, so that no hub goes on to send what it keeps of them.
    """
    changed: list[int] = []
    with _alone() as using:
        for role, named in _naming(names):
            ids = list(named.values_list("pk", flat=True))
            rows = Notification.objects.using(using).filter(with_ids("pk", ids))
            rows.update(
                **{
                    f"{role}_content_type": None,
                    f"{role}_object_id": "",
                    f"{role}_text": gettext("somebody"),
                }
            )
            # What was recalled says by this time that it was.
            rows.current().update(edited_at=Now())
            changed += ids
    return changed


def forget_gone(models: Sequence[type[Model]]) -> list[int]:
    """The same for all users who exist no more."""
    return [id_ for role in ROLES for model in models for id_ in _forget_gone(role, model)]


def rows_of(pk: Any, names: Names) -> Iterator[dict[str, Any]]:
    """What a user has, oldest first, and then where notifications of others name the user."""
    yield from _deliveries_of(pk)
    for role, named in _naming(names):
        for id_, created_at in named.values_list("pk", "created_at"):
            # One that cannot be read is null, as it is of deliveries.
            yield {"kind": "mention", "id": id_, "as": role, "created_at": created_at or None}


def _deliveries_of(pk: Any) -> Iterator[dict[str, Any]]:
    """Of a notification that cannot be read the id and the states."""
    own = Delivery.objects.using(database()).filter(recipient_id=pk).order_by("notification_id")
    rows = own.iterator(chunk_size=AT_ONCE)
    while some := list(islice(rows, AT_ONCE)):
        found = read_in_parts(_read, [row.notification_id for row in some])
        readable = {each.pk: each for each in found}
        for row in some:
            its = readable.get(row.notification_id)
            row.notification = its or Notification(pk=row.notification_id)
            times = {column: getattr(row, column) for column in _TIMES}
            own_states = {**times, "state": row.state, "traces": in_words(row.traces)}
            content = its.content() if its else {"id": row.notification_id}
            yield {"kind": "delivery", **content, **own_states}


def _read(ids: list[int]) -> list[Notification]:
    return list(Notification.objects.using(database()).filter(with_ids("pk", ids)))


@contextmanager
def _alone() -> Iterator[str]:
    """A transaction in the database that is told, one at a time.

    Two would wait for each other where each has deleted what names the other's user: PostgreSQL
    ends one of them. SQLite has one writer.
    """
    using = database()
    with transaction.atomic(using):
        if connections[using].vendor == "postgresql":
            with connections[using].cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [__name__])
        yield using


_TIMES = ("delivered_at", "seen_at", "read_at", "archived_at")


def _of_nobody_else(own: QuerySet[Delivery], pks: Sequence[Any]) -> QuerySet[Notification]:
    this = own.filter(notification=OuterRef("pk"))
    others = Delivery.objects.using(own.db).filter(notification=OuterRef("pk"))
    all_ = Notification.objects.using(own.db).order_by()
    return all_.filter(Exists(this), ~Exists(others.exclude(recipient_id__in=pks)))


def _naming(names: Names) -> Iterator[tuple[str, QuerySet[Notification]]]:
    all_ = Notification.objects.using(database()).order_by("pk")
    for role in ROLES:
        any_ = Q(pk__in=[])
        for model, pks in names.items():
            kind = ContentType.objects.get_for_model(model, for_concrete_model=False)
            keys = list(map(str, pks))
            any_ |= Q(**{f"{role}_content_type": kind, f"{role}_object_id__in": keys})
        yield role, all_.filter(any_)


def _forget_gone(role: str, model: type[Model]) -> Iterator[int]:
    """The keys are texts, which no database compares with keys by an index: so they are read."""
    type_ = ContentType.objects.get_for_model(model, for_concrete_model=False)
    all_ = Notification.objects.using(database()).order_by()
    texts = all_.filter(**{f"{role}_content_type": type_}).values_list(f"{role}_object_id")
    keys = [key for (text,) in texts.distinct() if (key := _key(model, text)) is not None]
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        # One that no database can look for has its own error, and is nobody's either.
        if gone := set(some) - ask_together(partial(_there, model), some).keys():
            yield from forget({model: gone})


def _there(model: type[Model], keys: list[Any]) -> dict[Any, bool]:
    users = model._base_manager.using(database()).filter(pk__in=keys)
    return dict.fromkeys(users.values_list("pk", flat=True), True)


def _key(model: type[Model], text: str) -> Any:
    """`None` for what SQL from elsewhere, or another kind of keys, has left: it is nobody's."""
    try:
        return model._meta.pk.to_python(text)
    except ValidationError:
        return None


def _delete(rows: QuerySet[Any]) -> int:
    return delete_rows(read_first(rows))

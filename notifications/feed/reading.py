"""From rows to the structs of the contract."""

import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from ..db.clock import in_utc
from ..store.own import listing
from ..store.own.listing import Filters, Listed
from .contract import Counts, Item, Latest, ListQuery, Page
from .input import MAX_ID, not_found

logger = logging.getLogger(__name__)

_encoder = msgspec.json.Encoder()

_FIRST, _LAST = datetime(1000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""No notification is older or newer; a database may not take what is beyond."""


def read_page(pk: Any, query: ListQuery) -> Page:
    filters = _filters(query)
    if filters is None:
        return Page([], None)
    before = None if query.cursor is msgspec.UNSET else min(int(query.cursor), MAX_ID)
    return Page(*_page(pk, filters, before, query.limit))


def read_latest(pk: Any, limit: int) -> Latest:
    return Latest(read_counts(pk), *_page(pk, Filters(), None, limit))


def read_counts(pk: Any) -> Counts:
    return Counts(*listing.count_new(pk))


def read_one(pk: Any, notification_id: int) -> Item:
    """Raises `Refused` if it is not this user's."""
    listed = listing.one(pk, notification_id)
    for item in _items([] if listed is None else [listed]):
        return item
    raise not_found()


def _page(
    pk: Any, filters: Filters, before: int | None, size: int
) -> tuple[list[Item], str | None]:
    listed, further = listing.page(pk, filters, before, size)
    return list(_items(listed)), str(further) if further else None


def _items(listed: Iterable[Listed]) -> Iterator[Item]:
    """Each as it is sent; what cannot be encoded other code has written, and is left out."""
    for entry in listed:
        written = {name: _time(entry.content[name]) for name in ("created_at", "edited_at")}
        content = entry.content | written
        times = {name: _time(value) for name, value in entry.times.items()}
        try:
            text = _encoder.encode(Item(**content, **times))
        except (TypeError, ValueError, RecursionError) as error:
            logger.error("Notification %s is left out: %s", entry.content["id"], error)
        else:
            yield cast(Item, msgspec.Raw(text))


def _time(value: datetime | None) -> Any:
    return None if value is None else in_utc(value)


def _filters(query: ListQuery) -> Filters | None:
    """`None` where no notification can be what is asked for."""
    target = None
    if query.target is not msgspec.UNSET:
        model, _, key = query.target.partition(":")
        target = _content_type(model), key
        if target[0] is None:
            return None
    since = None if query.since is msgspec.UNSET else query.since
    if since is not None and since > _LAST:
        return None
    return Filters(
        archived=query.archived,
        unread=None if query.unread is msgspec.UNSET else query.unread,
        unseen=None if query.unseen is msgspec.UNSET else query.unseen,
        categories=query.category,
        levels=query.level,
        since=None if since is None or since < _FIRST else _local(since),
        target=target,
    )


def _local(moment: datetime) -> datetime:
    return moment if settings.USE_TZ else timezone.make_naive(moment)


def _content_type(named: str) -> ContentType | None:
    """As Django takes names of models: an app label as it is written, a model in any case."""
    app_label, _, model = named.partition(".")
    try:
        return ContentType.objects.get_by_natural_key(app_label, model.lower())
    except ContentType.DoesNotExist:
        return None

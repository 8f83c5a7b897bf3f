"""The only door in: `notify` and its async twin."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import connections, router, transaction
from django.db.models import Model
from django.utils.timezone import is_naive

from . import fanout, sql
from .audience import Audience, Recipients, resolve
from .conf import get_settings
from .exceptions import InvalidNotification
from .models import Delivery, Level, Notification

LINK_SCHEMES = ("", "http", "https", "mailto")

# Behind an even number of backslashes; behind an odd one it is the text "\\u0000".
_NUL_IN_JSON = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def notify(
    recipients: Recipients,
    title: str,
    *,
    body: str = "",
    level: str = Level.INFO,
    category: str = "",
    url: str = "",
    actor: Model | None = None,
    target: Model | None = None,
    data: Mapping[str, Any] | None = None,
    key: str | None = None,
    expires_at: datetime | None = None,
    include_inactive: bool = False,
) -> Notification:
    """Send one notification to a user, some users or primary keys, a QuerySet of users or a Group.

    The rows are written in one transaction; sockets hear of it once that is committed. Inactive
    users are left out unless `include_inactive`. The same `key` again sends nothing twice: the
    stored notification is returned, and only recipients who do not have it yet get it.

    Raises `InvalidRecipient` or `InvalidNotification` before any row is written.
    """
    using = router.db_for_write(Delivery)
    notification = Notification(
        level=level,
        category=category,
        title=title,
        body=body,
        url=url,
        key=key,
        expires_at=expires_at,
        data=_plain_data(data),
        **_reference("actor", actor),
        **_reference("target", target),
    )
    _validate(notification)
    audience = resolve(recipients, using=using, include_inactive=include_inactive)
    with transaction.atomic(using=using, savepoint=False):
        _store(notification, using)
        reached = _deliver(notification, audience, using)
    fanout.announce_on_commit(notification, reached, using)
    return notification


anotify = sync_to_async(notify)
"""`notify` for async code, with the same parameters."""


def _reference(name: str, instance: Model | None) -> dict[str, Any]:
    """The columns of a generic relation, with the display text of this moment."""
    if instance is None:
        return {}
    if not isinstance(instance, Model) or instance.pk is None:
        raise InvalidNotification(f"{name} is {instance!r}; give a saved model instance")
    return {
        f"{name}_content_type": ContentType.objects.get_for_model(instance),
        f"{name}_object_id": str(instance.pk),
        f"{name}_text": str(instance)[:200],
    }


def _plain_data(data: Mapping[str, Any] | None) -> dict[str, Any]:
    """`data` as it will come back from the database: keys are text, tuples are lists."""
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise InvalidNotification(f"data is {data!r}; give a dict that JSON can hold")
    try:
        text = json.dumps(dict(data), allow_nan=False, ensure_ascii=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidNotification(f"data is not JSON: {error}") from error
    if _NUL_IN_JSON.search(text):
        raise InvalidNotification("data contains a NUL character, which no database stores")
    plain: dict[str, Any] = json.loads(text)
    return plain


def _validate(notification: Notification) -> None:
    if notification.level not in Level.values:
        raise InvalidNotification(
            f"level {notification.level!r} does not exist; choose {', '.join(Level.values)}"
        )
    for name in ("title", "body", "category", "url", "key", "actor_text", "target_text"):
        _validate_text(notification, name)
    if not notification.title:
        raise InvalidNotification("title is empty")
    if notification.key == "":
        raise InvalidNotification("key is empty; without a key, leave it out")
    _validate_url(notification.url)
    _validate_expiry(notification.expires_at)
    _validate_size(notification)


def _validate_text(notification: Notification, name: str) -> None:
    text = getattr(notification, name)
    if text is None and name == "key":
        return
    if not isinstance(text, str):
        raise InvalidNotification(f"{name} is {text!r}; give text")
    limit = getattr(Notification._meta.get_field(name), "max_length", None)
    if limit is not None and len(text) > limit:
        raise InvalidNotification(f"{name} has {len(text)} characters; at most {limit} fit")
    if "\x00" in text:
        raise InvalidNotification(f"{name} contains a NUL character, which no database stores")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidNotification(f"{name} is not valid Unicode: {error.reason}") from error


def _validate_url(url: str) -> None:
    try:
        scheme = urlsplit(url).scheme
    except ValueError as error:
        raise InvalidNotification(f"url {url!r} is not a link: {error}") from error
    if scheme not in LINK_SCHEMES:
        raise InvalidNotification(f"url {url!r} is not a link to a page")


def _validate_expiry(expires_at: datetime | None) -> None:
    if expires_at is None:
        return
    if not isinstance(expires_at, datetime):
        raise InvalidNotification(f"expires_at is {expires_at!r}; give a datetime")
    if is_naive(expires_at) == settings.USE_TZ:
        wanted = "with a time zone, as USE_TZ is on" if settings.USE_TZ else "without a time zone"
        raise InvalidNotification(f"expires_at is {expires_at!r}; give one {wanted}")


def _validate_size(notification: Notification) -> None:
    # What the database fills in is added: a 19-digit id and a time.
    size = len(notification.frame(created_at=None).encode()) + 45
    limit = get_settings().MAX_PAYLOAD_BYTES
    if size > limit:
        raise InvalidNotification(
            f"the notification has {size} bytes as JSON; at most {limit} are sent "
            "(NOTIFICATIONS['MAX_PAYLOAD_BYTES'])"
        )


def _store(notification: Notification, using: str) -> None:
    """Insert the row; with a key that exists, become the stored notification instead."""
    if notification.key is None:
        notification.save(using=using, force_insert=True)
        return
    # One statement settles a race of two senders: the loser waits and gets the winner's row.
    Notification.objects.using(using).bulk_create(
        [notification], update_conflicts=True, unique_fields=["key"], update_fields=["key"]
    )
    notification.refresh_from_db(using=using)


def _deliver(notification: Notification, audience: Audience, using: str) -> list[Any] | int:
    """Write the deliveries; the primary keys reached if they are few, or their number."""
    compiled = audience.compile(using)
    if compiled is None:
        return []
    few = audience.listed is not None and audience.listed <= get_settings().FANOUT_LIMIT
    new = notification.key is None  # with a key, it may be one that others have already
    return sql.insert_deliveries(
        connections[using], notification.pk, compiled, new=new, returning=few
    )

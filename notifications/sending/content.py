"""What a notification may say, checked before a row is written."""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.contenttypes.models import ContentType, ContentTypeManager
from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.db.models import Model
from django.utils.timezone import get_default_timezone, is_naive

from ..conf import get_settings
from ..exceptions import InvalidNotification, shown
from ..models import Level, Notification
from .plain import plain_text, storable

LINK_SCHEMES = ("", "http", "https", "mailto")

YEARS = range(2, 9999)
"""Of `expires_at`: a day before and after, no time zone leaves what Python and PostgreSQL know."""

_TEXTS = ("level", "title", "body", "category", "url", "key", "actor_text", "target_text")

# Browsers drop some of these, wherever they are, and read a backslash as a slash.
_NOT_IN_LINKS = re.compile(r"[\s\x00-\x20\x7f-\x9f\\]")

# What the database fills in, at its longest.
_FILLED_IN = {"id": 2**63 - 1, "created_at": "9999-12-31T23:59:59.999999+00:00"}


MAX_OBJECT_ID = 64
"""Characters of a primary key that a generic relation keeps."""


def reference(name: str, instance: Model | None, using: str) -> dict[str, Any]:
    """The columns of a generic relation in `using`, with the display text of this moment.

    Raises `InvalidNotification` for what is no saved row, or cannot be found or shown again.
    """
    if instance is None:
        return {}
    if not isinstance(instance, Model) or instance.pk is None or instance._state.adding:
        raise InvalidNotification(f"{name} is {shown(instance)}; give a saved model instance")
    return {
        f"{name}_text": _display_text(name, instance),
        f"{name}_object_id": _object_id(name, instance),
        f"{name}_content_type": _content_types(using).get_for_model(instance),
    }


def _content_types(using: str) -> ContentTypeManager:
    return ContentType.objects.db_manager(using)


def _display_text(name: str, instance: Model) -> str:
    try:
        return str(instance)[:200]
    except DatabaseError:
        raise  # not the instance's fault
    except Exception as error:
        raise InvalidNotification(
            f"{name} is a {type(instance).__name__} that has no text: "
            f"its __str__ raised {type(error).__name__}"
        ) from error


def _object_id(name: str, instance: Model) -> str:
    """The primary key as text, from which Django finds the object again."""
    pk: Any = instance.pk
    text = str(pk)
    if len(text) > MAX_OBJECT_ID:
        raise InvalidNotification(
            f"the primary key of {name} has {len(text)} characters; at most {MAX_OBJECT_ID} fit"
        )
    if storable(text) or not _is_found_by(text, instance):
        raise InvalidNotification(
            f"{name} is {shown(instance)}, whose primary key {shown(pk)} cannot be kept as text"
        )
    return text


def _is_found_by(text: str, instance: Model) -> bool:
    try:
        found = instance._meta.pk.to_python(text)
    except ValidationError:
        return False
    return str(found) == text and not isinstance(instance.pk, tuple)  # of several columns


def validate(notification: Notification) -> None:
    """Make plain what is text or time of another kind; all content goes through here.

    Raises `InvalidNotification` for what no database stores or no client can show.
    """
    for name in _TEXTS:
        setattr(notification, name, plain_text(getattr(notification, name)))
    if not isinstance(notification.level, str) or notification.level not in Level.values:
        raise InvalidNotification(
            f"level {shown(notification.level)} does not exist; choose {', '.join(Level.values)}"
        )
    for name in _TEXTS:
        _validate_text(notification, name)
    if not notification.title.strip():
        raise InvalidNotification("title is empty")
    if notification.key == "":
        raise InvalidNotification("key is empty; without a key, leave it out")
    _validate_url(notification.url)
    if notification.expires_at is not None:
        notification.expires_at = _plain_time(notification.expires_at)
    _validate_size(notification)


def _validate_text(notification: Notification, name: str) -> None:
    text = getattr(notification, name)
    if text is None and name == "key":
        return
    if not isinstance(text, str):
        raise InvalidNotification(f"{name} is {shown(text)}; give text")
    limit = getattr(Notification._meta.get_field(name), "max_length", None)
    if limit is not None and len(text) > limit:
        raise InvalidNotification(f"{name} has {len(text)} characters; at most {limit} fit")
    if problem := storable(text):
        raise InvalidNotification(f"{name} {problem}")


def _validate_url(url: str) -> None:
    if _NOT_IN_LINKS.search(url):
        raise InvalidNotification(
            f"url {url!r} is not a link to a page; "
            "percent-encode white space, control characters and backslashes"
        )
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for what is no port
    except ValueError as error:
        raise InvalidNotification(f"url {url!r} is not a link: {error}") from error
    nowhere = parts.scheme in ("http", "https") and not parts.hostname
    if parts.scheme not in LINK_SCHEMES or nowhere:
        raise InvalidNotification(f"url {url!r} is not a link to a page")


def _plain_time(value: Any) -> datetime:
    """A time that every connection can read back, whatever its time zone."""
    if not issubclass(type(value), datetime):  # a lazy one only says that it is
        raise InvalidNotification(f"expires_at is {shown(value)}; give a datetime")
    if is_naive(value) == settings.USE_TZ:
        wanted = "with a time zone, as USE_TZ is on" if settings.USE_TZ else "without a time zone"
        raise InvalidNotification(f"expires_at is {shown(value)}; give one {wanted}")
    if value.year not in YEARS:
        raise InvalidNotification(
            f"expires_at is {shown(value)}; give one of the years {YEARS[0]} to {YEARS[-1]}, "
            "or none for what never expires"
        )
    # A class of its own may be written in a way of its own.
    return _existing(datetime.combine(datetime.date(value), datetime.timetz(value)))


def _existing(time: datetime) -> datetime:
    """Local times that are skipped when clocks go forward mean those an hour later."""
    if settings.USE_TZ:
        return time.astimezone(UTC)
    zone = get_default_timezone()
    passed = time.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    return passed.replace(tzinfo=None, fold=0)


def _validate_size(notification: Notification) -> None:
    size = len(notification.frame(**_FILLED_IN).encode())
    limit = get_settings().MAX_PAYLOAD_BYTES
    if size > limit:
        raise InvalidNotification(
            f"the notification has {size} bytes as JSON; at most {limit} are sent "
            "(NOTIFICATIONS['MAX_PAYLOAD_BYTES'])"
        )

"""What a notification may say, checked before a row is written."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.utils.timezone import is_naive

from .conf import get_settings
from .exceptions import InvalidNotification
from .models import Level, Notification

LINK_SCHEMES = ("", "http", "https", "mailto")

# Behind an even number of backslashes; behind an odd one it is the text "\\u0000".
_NUL_IN_JSON = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def reference(name: str, instance: Model | None) -> dict[str, Any]:
    """The columns of a generic relation, with the display text of this moment.

    Raises `InvalidNotification` for what is no saved row.
    """
    if instance is None:
        return {}
    if not isinstance(instance, Model) or instance.pk is None:
        raise InvalidNotification(f"{name} is {instance!r}; give a saved model instance")
    return {
        f"{name}_content_type": ContentType.objects.get_for_model(instance),
        f"{name}_object_id": str(instance.pk),
        f"{name}_text": str(instance)[:200],
    }


def plain_data(data: Mapping[str, Any] | None) -> dict[str, Any]:
    """`data` as it will come back from the database: keys are text, tuples are lists.

    Raises `InvalidNotification` for what JSON or a database cannot hold.
    """
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


def validate(notification: Notification) -> None:
    """Raise `InvalidNotification` for what no database stores or no client can show."""
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

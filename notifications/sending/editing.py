"""What was sent says something else, or is taken back; for everybody who has it."""

from collections.abc import Mapping
from typing import Any, TypedDict

from django.utils import timezone

from ..db.clock import Now
from ..exceptions import InvalidNotification, shown
from ..models import Notification
from ..store.database import database
from . import fanout
from .content import validate
from .plain import plain_data


class Words(TypedDict, total=False):
    """What can be edited, as `notify` takes it."""

    title: str
    body: str
    level: str
    category: str
    url: str
    data: Mapping[str, Any] | None


def rewrite(notification_id: int, words: Words) -> Notification:
    """The notification as it is now; raises `InvalidNotification` before anything is changed."""
    using = database()
    current = Notification.objects.using(using).current().filter(pk=notification_id)
    stored = current.first()
    if stored is None or stored.unreadable:
        raise InvalidNotification(f"notification {notification_id} is gone, recalled or expired")
    given: dict[str, Any] = dict(words)
    if "data" in words:
        given["data"] = plain_data(words["data"])
    before = {name: getattr(stored, name) for name in given}
    for name, value in given.items():
        setattr(stored, name, value)
    stored.edited_at = timezone.now()  # as long as what the database puts there
    validate(stored)
    after = {name: getattr(stored, name) for name in given}
    if after != before:
        # One statement, in which nothing is written that another edit may have changed meanwhile.
        if not current.update(**after, edited_at=Now()):
            raise InvalidNotification(f"notification {notification_id} was recalled just now")
        fanout.edited_on_commit(notification_id, using)
    # It may have been recalled or have expired since; what was edited was.
    return Notification.objects.using(using).filter(pk=notification_id).first() or stored


def take_back(notification_id: int) -> bool:
    """Let it expire now; whether it had not."""
    using = database()
    current = Notification.objects.using(using).current().filter(pk=notification_id)
    taken = bool(current.update(expires_at=Now(), edited_at=Now()))
    if taken:
        fanout.edited_on_commit(notification_id, using)
    return taken


def id_of(notification: Any) -> int:
    """Of a saved notification, given as such or by primary key; else `InvalidNotification`."""
    number = notification.pk if isinstance(notification, Notification) else notification
    if type(number) is not int:
        raise InvalidNotification(f"{shown(notification)} is no notification that was sent")
    return number

"""One of their rows as a notification and the delivery of its recipient."""

from typing import Any

from django.utils.translation import gettext

from ..exceptions import InvalidNotification
from ..models import Delivery, Level, Notification
from ..sending.content import MAX_OBJECT_ID, validate
from ..sending.plain import parse_data, plain_data
from .objects import Objects
from .source import ROLES
from .wording import short, title


def translate(row: dict[str, Any], objects: Objects, key: str) -> tuple[Notification, Delivery]:
    """Neither is saved. Raises `InvalidNotification` for what this app would not send."""
    sent = row["timestamp"]
    if sent is None:
        raise InvalidNotification("it has no time that can be read")
    notification = Notification(
        key=key,
        level=row["level"] if row["level"] in Level.values else Level.INFO,
        title=_title(row, objects),
        body=row["description"] or "",
        data=_data(row, objects),
        created_at=sent,
        **_reference("actor", row, objects),
        **_reference("target", row, objects),
    )
    validate(notification)
    # It has been in a list of theirs: nothing waits to be sent, and when it was read nobody knows.
    read = None if row["unread"] else sent
    delivery = Delivery(
        recipient_id=row["recipient_id"], delivered_at=sent, seen_at=read, read_at=read
    )
    return notification, delivery


def _title(row: dict[str, Any], objects: Objects) -> str:
    actor = objects.text(row, "actor") or gettext("somebody")
    about, target = (objects.text(row, role) for role in ("action_object", "target"))
    return title(actor, row["verb"] or "", about, target)


def _data(row: dict[str, Any], objects: Objects) -> dict[str, Any]:
    """Theirs, and what has no column here."""
    theirs = parse_data(row["data"]) if row.get("data") else None
    if not isinstance(theirs, dict):
        theirs = {} if theirs is None else {"data": theirs}
    own = {"verb": row["verb"], "action_object": objects.label(row, "action_object")}
    return plain_data({name: text for name, text in own.items() if text} | theirs)


def _reference(role: str, row: dict[str, Any], objects: Objects) -> dict[str, Any]:
    """The columns of the generic relation; of what is gone or too long, only the text."""
    type_id, key = (row[name] for name in ROLES[role])
    text = {f"{role}_text": short(objects.text(row, role))}
    if not objects.label(row, role) or len(key) > MAX_OBJECT_ID:
        return text
    return {**text, f"{role}_content_type_id": type_id, f"{role}_object_id": key}

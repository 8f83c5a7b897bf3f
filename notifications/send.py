"""The only door in: `notify`, what changes or takes back what it sent, and their async twins."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Unpack

from asgiref.sync import sync_to_async
from django.db import transaction
from django.db.models import Model

from .db.recovery import Committing, borrowing, reconnecting
from .models import Level, Notification
from .sending import fanout
from .sending.audience import Recipients, resolve
from .sending.content import reference, validate
from .sending.editing import Words, id_of, rewrite, take_back
from .sending.plain import plain_data
from .sending.writing import write
from .store.database import database
from .store.inserting import Reached


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
    stored notification is returned, and only recipients who do not have it yet get it. After
    `expires_at` it is in no queue, count or list; if that is past already, nobody hears of it.

    Raises `InvalidRecipient` or `InvalidNotification` before any row is written.
    """
    using = database()
    if isinstance(recipients, Iterator):
        recipients = list(recipients)  # it may be read twice

    def send(committing: Committing) -> tuple[Notification, Reached]:
        notification = Notification(
            level=level,
            category=category,
            title=title,
            body=body,
            url=url,
            key=key,
            expires_at=expires_at,
            data=plain_data(data),
            **reference("actor", actor, using),
            **reference("target", target, using),
        )
        validate(notification)
        audience = resolve(recipients, using=using, include_inactive=include_inactive)
        with transaction.atomic(using=using, savepoint=False):
            written = write(notification, audience, using)
            if key is None:  # with one, what is committed already is found
                committing()
        return written

    with borrowing(using):
        notification, reached = reconnecting(using, send)
        if not notification.is_expired:
            fanout.hint_on_commit(notification, reached, using)
    return notification


def edit(notification: Notification | int, **words: Unpack[Words]) -> Notification:
    """Change title, body, level, category, url or data of what was sent, given as such or by id.

    It changes for everybody who has it, also on screens; nobody's state does: what was read stays
    read. Returns the notification as it is now.

    Raises `InvalidNotification`, before anything is changed, for what `notify` would refuse, and
    for a notification that is gone, recalled or expired.
    """
    if unknown := words.keys() - Words.__annotations__.keys():
        raise TypeError(f"{', '.join(sorted(unknown))} cannot be edited")
    number, using = id_of(notification), database()
    with borrowing(using):
        return reconnecting(using, lambda _: rewrite(number, words))


def recall(notification: Notification | int) -> bool:
    """Take back what was sent, given as such or by id; returns whether there was something to.

    It leaves every queue, list and count at once, and every screen: who has it loses it. Its rows
    go with `prune_notifications`. Raises `InvalidNotification` for what is no notification.
    """
    number, using = id_of(notification), database()
    with borrowing(using):
        return reconnecting(using, lambda _: take_back(number))


anotify = sync_to_async(notify)
"""`notify` for async code, with the same parameters."""

aedit = sync_to_async(edit)
"""`edit` for async code, with the same parameters."""

arecall = sync_to_async(recall)
"""`recall` for async code, with the same parameters."""

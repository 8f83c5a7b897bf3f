"""The only door in: `notify` and its async twin."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connections, router, transaction
from django.db.models import Model

from . import fanout, sql
from .audience import Audience, Recipients, resolve
from .conf import get_settings
from .content import plain_data, reference, validate
from .models import Delivery, Level, Notification


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
        data=plain_data(data),
        **reference("actor", actor),
        **reference("target", target),
    )
    validate(notification)
    audience = resolve(recipients, using=using, include_inactive=include_inactive)
    with transaction.atomic(using=using, savepoint=False):
        _store(notification, using)
        reached = _deliver(notification, audience, using)
    fanout.announce_on_commit(notification, reached, using)
    return notification


anotify = sync_to_async(notify)
"""`notify` for async code, with the same parameters."""


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


def _deliver(notification: Notification, audience: Audience | None, using: str) -> list[Any] | int:
    """Write the deliveries; the primary keys reached if they are few, or their number."""
    if audience is None:
        return []
    few = audience.listed is not None and audience.listed <= get_settings().FANOUT_LIMIT
    new = notification.key is None  # with a key, it may be one that others have already
    chosen = audience.statement, audience.params
    return sql.insert_deliveries(
        connections[using], notification.pk, chosen, new=new, returning=few
    )

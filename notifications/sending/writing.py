"""The rows of one notification: what it says, and a delivery for each of its audience."""

from django.db import DataError, connections

from ..conf import get_settings
from ..exceptions import InvalidNotification
from ..models import Notification
from ..store.inserting import Reached, insert_deliveries
from .audience import Audience

_UNREADABLE = "key {!r} is that of a stored notification that cannot be read; mend or delete it"


def write(
    notification: Notification, audience: Audience | None, using: str
) -> tuple[Notification, Reached]:
    """Write both, in the caller's transaction.

    With a key that exists, the notification is the one that is stored already.
    """
    stored = _store(notification, using)
    return stored, _deliver(stored, audience, using)


def _store(notification: Notification, using: str) -> Notification:
    """Insert the row; with a key that exists, the notification that is stored already."""
    if notification.key is None:
        notification.save(using=using, force_insert=True)
        return notification
    # One statement settles a race of two senders: the loser waits and gets the winner's row.
    rows = Notification.objects.using(using)
    try:
        rows.bulk_create(
            [notification], update_conflicts=True, unique_fields=["key"], update_fields=["key"]
        )
        stored = rows.get(key=notification.key)
    except DataError as error:  # of what psycopg cannot return
        raise InvalidNotification(_UNREADABLE.format(notification.key)) from error
    if stored.unreadable:
        raise InvalidNotification(_UNREADABLE.format(notification.key))
    return stored


def _deliver(notification: Notification, audience: Audience | None, using: str) -> Reached:
    if audience is None:
        return []
    few = audience.listed is not None and audience.listed <= get_settings().FANOUT_LIMIT
    new = notification.key is None  # with a key, it may be one that others have already
    chosen = audience.statement, audience.params
    return insert_deliveries(connections[using], notification.pk, chosen, new=new, returning=few)

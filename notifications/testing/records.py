"""What was sent, read from the rows: no socket, layer or commit is needed."""

from typing import Any

from asgiref.sync import sync_to_async
from django.core.exceptions import FieldError
from django.db.models import Max

from ..access.users import primary_key
from ..models import Notification
from ..store.database import database


class Outbox:
    """What was sent since it was made.

    The fields that narrow are those of `Notification`, as in `filter()`: `title="Hello"`,
    `category="order"`, `title__contains="Hel"`. A user is given as such or by primary key.
    """

    def __init__(self, *, everything: bool = False) -> None:
        """With `everything`, also what was sent before."""
        self._after = 0 if everything else _newest()

    def sent(self, user: Any = None, **fields: Any) -> list[Notification]:
        """What was sent, the oldest first; to this user, where one is given.

        Raises `TypeError` for a field that a notification has not.
        """
        found = Notification.objects.using(database()).filter(pk__gt=self._after)
        if user is not None:
            found = found.filter(deliveries__recipient=primary_key(user))
        try:
            return list(found.filter(**fields).order_by("pk"))
        except FieldError as error:
            raise TypeError(f"No field of a notification: {error}") from error

    def assert_notified(self, user: Any, *, times: int = 1, **fields: Any) -> None:
        """Fail unless the user was sent exactly so many with these fields."""
        found = self.sent(user, **fields)
        if len(found) != times:
            raise AssertionError(
                f"{user} was sent {len(found)} {_described(fields)}, not {times}. "
                f"Sent: {_listed(self.sent(user))}"
            )

    def assert_not_notified(self, user: Any, **fields: Any) -> None:
        """Fail if the user was sent any with these fields."""
        found = self.sent(user, **fields)
        if found:
            raise AssertionError(f"{user} was sent {_described(fields)}: {_listed(found)}")


def sent(user: Any = None, **fields: Any) -> list[Notification]:
    """`Outbox.sent` of all in the database, which in a test is what the test has sent."""
    return Outbox(everything=True).sent(user, **fields)


def assert_notified(user: Any, *, times: int = 1, **fields: Any) -> None:
    """`Outbox.assert_notified` of all in the database."""
    Outbox(everything=True).assert_notified(user, times=times, **fields)


def assert_not_notified(user: Any, **fields: Any) -> None:
    """`Outbox.assert_not_notified` of all in the database."""
    Outbox(everything=True).assert_not_notified(user, **fields)


asent = sync_to_async(sent)
aassert_notified = sync_to_async(assert_notified)
aassert_not_notified = sync_to_async(assert_not_notified)


def _newest() -> int:
    found = Notification.objects.using(database()).aggregate(newest=Max("pk"))["newest"]
    return found or 0


def _described(fields: dict[str, Any]) -> str:
    if not fields:
        return "notifications"
    words = ", ".join(f"{name}={value!r}" for name, value in fields.items())
    return f"notifications with {words}"


def _listed(found: list[Notification]) -> str:
    return ", ".join(repr(one.title) for one in found) or "nothing"

"""Everything `notifications` raises on purpose; the docstring is the message's first half."""

from collections.abc import Callable
from typing import Any


class NotificationError(Exception):
    """Root of the errors of this app."""


class InvalidRecipient(NotificationError, ValueError):
    """A recipient is not a saved user."""


class InvalidNotification(NotificationError, ValueError):
    """The content of a notification cannot be sent as it is."""


class InvalidTicket(NotificationError):
    """A ticket is forged, damaged or too old."""


def shown(value: object, text: Callable[[Any], str] = repr) -> str:
    """A value in a sentence: short, whatever its `repr` does."""
    try:
        return f"{text(value):.200}"
    except Exception:
        return f"a {type(value).__name__}"

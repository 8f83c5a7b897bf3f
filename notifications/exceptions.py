"""Everything `notifications` raises on purpose; the docstring is the message's first half."""


class NotificationError(Exception):
    """Root of the errors of this app."""


class InvalidRecipient(NotificationError, ValueError):
    """A recipient is not a saved user."""


class InvalidNotification(NotificationError, ValueError):
    """The content of a notification cannot be sent as it is."""


class InvalidTicket(NotificationError):
    """A ticket is forged, damaged or too old."""

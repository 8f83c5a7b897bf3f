"""For the tests of a project: what was sent, and a client over the real consumer; no network."""

from .client import SocketClient, connected
from .layer import RecordingChannelLayer
from .records import (
    Outbox,
    aassert_not_notified,
    aassert_notified,
    asent,
    assert_not_notified,
    assert_notified,
    sent,
)

__all__ = [
    "Outbox",
    "RecordingChannelLayer",
    "SocketClient",
    "aassert_not_notified",
    "aassert_notified",
    "asent",
    "assert_not_notified",
    "assert_notified",
    "connected",
    "sent",
]

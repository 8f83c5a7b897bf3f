"""The client that the tests of the app share with those of other projects."""

from notifications.testing import SocketClient as MemoryClient
from notifications.testing.client import LIMIT_SECONDS

__all__ = ["LIMIT_SECONDS", "MemoryClient"]

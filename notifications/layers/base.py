"""The `hints` extension of a channel layer.

The interface of Channels costs a task, a copy and a queue for each recipient. Hints are bytes
that are published to many groups at once, from sync code, and arrive once in each process.
Like all of a channel layer they are at-most-once.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

Batch = Sequence[tuple[bytes, Sequence[str]]]
"""Payloads, each with the groups it goes to."""

Receive = Callable[[str, bytes], None]
"""Called with group and payload, on the subscriber's event loop; does not raise."""

Recovered = Callable[[], None]
"""Called after a gap: hints may have been lost."""


class Subscription(Protocol):
    """What one process hears."""

    async def join(self, groups: Iterable[str]) -> None:
        """Hear these groups; returns when nothing published from now on can be missed.

        A layer that is down makes it wait for a second at most, and once: the groups are joined
        when it is back, and `recovered` is called. Never raises.
        """

    async def leave(self, groups: Iterable[str]) -> None:
        """Hear these groups no more. Never raises, and need not be waited for."""

    async def close(self) -> None:
        """Release connections and tasks."""


class HintsLayer(Protocol):
    """A layer with the extension; it lists `"hints"` among its `extensions`."""

    def publish_hints(self, batch: Batch) -> None:
        """Publish from any thread, with or without an event loop.

        Raises `LayerUnavailable` when it is down, which it has logged; the rows are there.
        """

    async def subscribe_hints(self, receive: Receive, recovered: Recovered) -> Subscription:
        """One subscription for this process, on the running event loop; a layer that is down
        makes nobody wait here."""

"""One process: hints go over a deque, with one wake-up of the event loop for all that waits."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Any

from channels.layers import InMemoryChannelLayer

from .base import Batch, Receive, Recovered

MAX_WAITING_HINTS = 10_000
"""A loop that is blocked for long loses the oldest; the sweep finds what they were about."""


class InProcessSubscription:
    """Safe across threads: whoever publishes only appends to the deque."""

    def __init__(self, layer: "InProcessChannelLayer", receive: Receive) -> None:
        self._layer = layer
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._groups: set[str] = set()
        self._waiting: deque[tuple[str, bytes]] = deque(maxlen=MAX_WAITING_HINTS)
        self._woken = False

    async def join(self, groups: Iterable[str]) -> None:
        self._groups.update(groups)

    async def leave(self, groups: Iterable[str]) -> None:
        self._groups.difference_update(groups)

    async def close(self) -> None:
        self._groups.clear()
        self._layer.forget(self)

    def offer(self, batch: Batch) -> None:
        """Called by any thread."""
        for payload, groups in batch:
            self._waiting.extend((group, payload) for group in groups if group in self._groups)
        # The flag is lowered before the deque is emptied: a hint that finds it raised is
        # appended already and will be seen.
        if self._waiting and not self._woken:
            self._woken = True
            self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        self._woken = False
        while self._waiting:
            self._receive(*self._waiting.popleft())


class InProcessChannelLayer(InMemoryChannelLayer):  # type: ignore[misc]  # untyped base
    """The stock in-memory layer with hints, for sites that run in one process."""

    extensions = [*InMemoryChannelLayer.extensions, "hints"]

    def __init__(self, **config: Any) -> None:
        super().__init__(**config)
        self._subscriptions: tuple[InProcessSubscription, ...] = ()

    def publish_hints(self, batch: Batch) -> None:
        for subscription in self._subscriptions:
            try:
                subscription.offer(batch)
            except RuntimeError:  # its event loop was closed with it open
                self.forget(subscription)

    async def subscribe_hints(
        self, receive: Receive, recovered: Recovered
    ) -> InProcessSubscription:
        subscription = InProcessSubscription(self, receive)
        self._subscriptions += (subscription,)
        return subscription

    def forget(self, subscription: InProcessSubscription) -> None:
        self._subscriptions = tuple(s for s in self._subscriptions if s is not subscription)

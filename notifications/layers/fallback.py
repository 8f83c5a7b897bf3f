"""Hints over any layer that follows the specification, by `group_send`.

At such a layer's price: a message per group, and bursts beyond its capacity are dropped and
arrive by the sweep.
"""

import asyncio
from contextlib import suppress
from typing import Any

from asgiref.sync import async_to_sync

from ..conf import get_settings
from .base import Batch, Receive, Recovered
from .breaker import CircuitBreaker, LayerUnavailable
from .fallback_subscription import MESSAGE_TYPE, GroupSendSubscription
from .outage import Outage
from .waiting import in_time


class GroupSendHints:
    """A stock layer with the face of one that has the extension."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self._outage = Outage()
        self._breaker = CircuitBreaker(self._outage, "publish")
        self._tasks: set[asyncio.Task[None]] = set()

    def publish_hints(self, batch: Batch) -> None:
        """Raises `LayerUnavailable`, except where an event loop runs and nobody can wait."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            with self._breaker.attempt():
                async_to_sync(self._send)(batch)
        else:
            task = loop.create_task(self._attempt(batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def subscribe_hints(
        self, receive: Receive, recovered: Recovered
    ) -> GroupSendSubscription:
        return GroupSendSubscription(
            self._layer, self._outage, self._breaker.reset, receive, recovered
        )

    async def _attempt(self, batch: Batch) -> None:
        with suppress(LayerUnavailable), self._breaker.attempt():  # which has logged it
            await self._send(batch)

    async def _send(self, batch: Batch) -> None:
        seconds = get_settings().PUBLISH_TIMEOUT_SECONDS
        for payload, groups in batch:
            # As text: a layer may serialise messages as JSON.
            message = {"type": MESSAGE_TYPE, "payload": payload.decode("latin-1")}
            for group in groups:
                await in_time(self._layer.group_send(group, {**message, "group": group}), seconds)

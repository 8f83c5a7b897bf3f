"""Hints over any layer that follows the specification, by `group_send`.

At such a layer's price: a message per group, and bursts beyond its capacity are dropped and
arrive by the sweep.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from asgiref.sync import async_to_sync

from .base import Batch, Receive, Recovered

MESSAGE_TYPE = "notifications.hint"


class GroupSendHints:
    """A stock layer with the face of one that has the extension."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self._tasks: set[asyncio.Task[None]] = set()

    def publish_hints(self, batch: Batch) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            async_to_sync(self._send)(batch)
        else:
            task = loop.create_task(self._send(batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def subscribe_hints(
        self, receive: Receive, recovered: Recovered
    ) -> "GroupSendSubscription":
        channel = await self._layer.new_channel("notifications")
        return GroupSendSubscription(self._layer, channel, receive, recovered)

    async def _send(self, batch: Batch) -> None:
        for payload, groups in batch:
            # As text: a layer may serialise messages as JSON.
            message = {"type": MESSAGE_TYPE, "payload": payload.decode("latin-1")}
            for group in groups:
                await self._layer.group_send(group, {**message, "group": group})


class GroupSendSubscription:
    """One channel of this process, in every group that it hears."""

    def __init__(self, layer: Any, channel: str, receive: Receive, recovered: Recovered) -> None:
        self._layer = layer
        self._channel = channel
        self._receive = receive
        self._recovered = recovered
        self._groups: set[str] = set()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._read()), loop.create_task(self._rejoin())]

    async def join(self, groups: Iterable[str]) -> None:
        for group in groups:
            self._groups.add(group)
            await self._layer.group_add(group, self._channel)

    async def leave(self, groups: Iterable[str]) -> None:
        for group in groups:
            self._groups.discard(group)
            await self._layer.group_discard(group, self._channel)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(Exception):  # a layer that is gone needs no goodbye
            await self.leave(list(self._groups))

    async def _read(self) -> None:
        while True:
            try:
                message = await self._layer.receive(self._channel)
                self._receive(message["group"], message["payload"].encode("latin-1"))
            except Exception:
                # Whatever a foreign layer raises: it may come back, and hints were lost.
                await asyncio.sleep(1)
                await self._join_again()

    async def _rejoin(self) -> None:
        """Layers evict a member after `group_expiry`, also one that is alive."""
        while True:
            await asyncio.sleep(getattr(self._layer, "group_expiry", 86400) / 2)
            await self._join_again()

    async def _join_again(self) -> None:
        with suppress(Exception):  # tried again with the next failure or expiry
            await self.join(list(self._groups))
            self._recovered()

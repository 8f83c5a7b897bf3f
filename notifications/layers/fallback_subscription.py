"""What a process hears over a stock layer: one channel, a member of many groups."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from itertools import islice
from typing import Any
from uuid import uuid4

from ..background.backoff import backoff
from ..background.supervision import SupervisedTask
from .base import Receive, Recovered
from .outage import Outage
from .waiting import answered, in_time, stopped

ANSWER_SECONDS = 1.0
"""How long those who connect wait for the layer; once it is late, no others do."""

CALL_SECONDS = 2.0
"""The longest for one call of the layer, which may hang as long as its server does."""

RETRY_SECONDS = 1.0

TOGETHER = 20
"""Groups that are asked for at once: each takes two round trips over Redis."""

PING_SECONDS = 2.0
MAX_UNANSWERED_PINGS = 2
"""Layers say nothing of a lost subscription. So the process tells itself something over the layer,
and joins its groups again if that does not come back."""

MESSAGE_TYPE = "notifications.hint"

PART = "hear"


class GroupSendSubscription:
    """One task brings the layer's groups into line with those that are wanted.

    So a call that hangs or fails holds up nobody but this task, whoever asked for it. `_trusted`
    while the layer does in time what it is asked for; otherwise a join does not wait, and nothing
    is asked for until the process hears itself: stock layers take a second for each refusal.
    """

    def __init__(
        self,
        layer: Any,
        outage: Outage,
        works: Callable[[], None],
        receive: Receive,
        recovered: Recovered,
    ) -> None:
        self._layer = layer
        self._outage = outage
        self._works = works
        self._receive = receive
        self._recovered = recovered
        self._channel: str | None = None
        self._own = f"notifications.{uuid4().hex}"
        self._groups = {self._own}
        self._joined: set[str] = set()
        self._stale: set[str] = set()
        self._trusted = not outage.has(PART)
        self._deaf = False
        self._missed = False
        self._wanted = asyncio.Event()
        self._opened = asyncio.Event()
        self._waiting: list[tuple[set[str], asyncio.Future[None]]] = []
        self._pings = 0
        work = (self._keep_joined, self._read, self._keep_alive, self._renew)
        self._tasks = [SupervisedTask(each) for each in work]

    async def join(self, groups: Iterable[str]) -> None:
        wanted = set(groups)
        self._groups |= wanted
        self._wanted.set()
        if not self._trusted:
            return
        joined = asyncio.get_running_loop().create_future()
        self._waiting.append((wanted, joined))
        try:
            await answered(joined, ANSWER_SECONDS)
        except TimeoutError as error:
            self._doubt(error)

    async def leave(self, groups: Iterable[str]) -> None:
        self._groups.difference_update(groups)
        self._wanted.set()

    async def close(self) -> None:
        await stopped(self._tasks)
        self._release(everybody=True)
        self._outage.abandon(PART)
        self._groups.clear()
        if self._trusted and self._channel is not None:
            with suppress(Exception):  # a layer that is gone need not be told
                await in_time(self._align(), CALL_SECONDS)

    async def _keep_joined(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self._align()
                await self._aligned()
            except Exception as error:
                self._doubt(error)
                self._wanted.set()
                await asyncio.sleep(backoff(1, first=RETRY_SECONDS, longest=RETRY_SECONDS))

    async def _align(self) -> None:
        if self._channel is None:
            self._channel = await in_time(self._layer.new_channel("notifications"), CALL_SECONDS)
            self._opened.set()
        while self._stale:
            await _together(self._leave(group) for group in islice(self._stale, TOGETHER))
        while differing := self._wanted_groups() ^ self._joined:
            await _together(
                self._join(group) if group in self._groups else self._leave(group)
                for group in islice(differing, TOGETHER)
            )
            self._release()

    def _wanted_groups(self) -> set[str]:
        return self._joined | {self._own} if self._deaf else self._groups

    async def _join(self, group: str) -> None:
        await in_time(self._layer.group_add(group, self._channel), CALL_SECONDS)
        self._joined.add(group)

    async def _leave(self, group: str) -> None:
        await in_time(self._layer.group_discard(group, self._channel), CALL_SECONDS)
        self._joined.discard(group)
        self._stale.discard(group)

    async def _aligned(self) -> None:
        self._release()
        if not self._trusted:
            await self._ping()
        elif self._missed:
            self._missed = False
            self._recovered()

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(PING_SECONDS)
            if self._pings >= MAX_UNANSWERED_PINGS:
                self._doubt("what is sent over the layer does not come back")
                self._stale = {self._own} & self._joined
                self._wanted.set()
            with suppress(Exception):  # it does not come back then
                await self._ping()

    async def _ping(self) -> None:
        self._pings += 1
        message = {"type": MESSAGE_TYPE, "group": self._own, "payload": ""}
        await in_time(self._layer.group_send(self._own, message), CALL_SECONDS)

    def _pinged(self) -> None:
        """What was sent over the layer has come back."""
        self._pings = 0
        if self._deaf:
            self._deaf = False
            self._stale = self._joined - {self._own}
            self._wanted.set()
        elif not self._trusted and self._groups == self._joined and not self._stale:
            self._trusted = True
            self._missed = False
            self._outage.ended(PART)
            self._works()
            self._recovered()

    def _doubt(self, reason: object) -> None:
        """Whoever waits is let go: the rows are there."""
        self._trusted = False
        self._deaf = True
        self._outage.began(PART, reason)
        self._release(everybody=True)

    def _release(self, *, everybody: bool = False) -> None:
        waiting, self._waiting = self._waiting, []
        for groups, joined in waiting:
            if not everybody and groups & self._groups - self._joined:
                self._waiting.append((groups, joined))
            elif not joined.done():  # else its caller was cancelled
                joined.set_result(None)

    async def _read(self) -> None:
        await self._opened.wait()
        while True:
            try:
                message = await self._layer.receive(self._channel)
            except Exception:
                # Whatever a foreign layer raises: it may come back, and hints were lost.
                await asyncio.sleep(1)
                self._join_again()
            else:
                self._hear(message)

    def _hear(self, message: dict[str, Any]) -> None:
        group, payload = message.get("group"), message.get("payload")
        # Anything else is of somebody who knows the name of the channel, and none of ours.
        if group == self._own:
            self._pinged()
        elif isinstance(group, str) and isinstance(payload, str):
            self._receive(group, payload.encode("latin-1", "replace"))

    async def _renew(self) -> None:
        """Layers evict a member after `group_expiry`, also one that is alive."""
        while True:
            await asyncio.sleep(getattr(self._layer, "group_expiry", 86400) / 2)
            self._join_again()

    def _join_again(self) -> None:
        self._missed = True
        self._stale = set(self._joined)
        self._wanted.set()


async def _together(calls: Iterable[Coroutine[Any, Any, None]]) -> None:
    """All of them, also where one fails; then what it failed with."""
    for outcome in await asyncio.gather(*calls, return_exceptions=True):
        if outcome is not None:
            raise outcome

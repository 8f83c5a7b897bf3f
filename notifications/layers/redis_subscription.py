"""One pub/sub connection per shard and process, with its own receiver.

redis-py's `PubSub` takes a lock, a health check and a timer for each message; a plain connection
read in one task is several times cheaper, and lets a join wait for Redis's confirmation.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from contextlib import suppress
from typing import Any

from channels_redis.utils import create_pool

from ..background.backoff import backoff
from ..background.supervision import SupervisedTask
from .base import Receive, Recovered
from .outage import Outage
from .waiting import answered, in_time, stopped

ANSWER_SECONDS = 1.0
"""How long those who connect wait for Redis to confirm; once it does not, no others do."""

CONNECT_SECONDS = 2.0

MAX_BACKOFF_SECONDS = 2.0
"""With `CONNECT_SECONDS` below 5: the longest from Redis's recovery to the first hint."""

PING_SECONDS = 2.0
MAX_UNANSWERED_PINGS = 2
"""A connection that answers none of them is dead, even if TCP does not know yet. Counted, not
timed: a process that was stopped for a while has not asked meanwhile."""


class RedisSubscription:
    """All shards as one subscription."""

    def __init__(
        self,
        shards: "Sequence[Shard]",
        channel_of: Callable[[str], str],
        shard_of: Callable[[str], int],
    ) -> None:
        self._shards = shards
        self._channel_of = channel_of
        self._shard_of = shard_of

    async def join(self, groups: Iterable[str]) -> None:
        await asyncio.gather(*(s.join(g) for s, g in self._by_shard(groups)))

    async def leave(self, groups: Iterable[str]) -> None:
        for shard, channels in self._by_shard(groups):
            shard.leave(channels)

    async def close(self) -> None:
        await asyncio.gather(*(shard.close() for shard in self._shards))

    def _by_shard(self, groups: Iterable[str]) -> list[tuple["Shard", dict[bytes, str]]]:
        channels: dict[int, dict[bytes, str]] = {}
        for group in groups:
            shard = channels.setdefault(self._shard_of(group), {})
            shard[self._channel_of(group).encode()] = group
        return [(self._shards[index], named) for index, named in channels.items()]


class Shard:
    """One Redis server: connects, subscribes, reads, and does so again after any failure.

    `_trusted` while it confirms in time what it is asked for. Otherwise a join does not wait: the
    groups are joined when Redis is back, which then is told to `recovered`.
    """

    def __init__(
        self,
        host: dict[str, Any],
        part: str,
        outage: Outage,
        works: Callable[[], None],
        receive: Receive,
        recovered: Recovered,
    ) -> None:
        self._part = part
        self._outage = outage
        self._works = works
        self._receive = receive
        self._recovered = recovered
        self._groups: dict[bytes, str] = {}
        self._trusted = not outage.has(part)
        # RESP2: answers to SUBSCRIBE and messages come in order, as plain lists.
        self._pool = create_pool({**host, "protocol": 2})
        self._connection: Any = None
        self._asked = self._confirmed = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._pings = 0
        self._failures = 0
        self._lost: Exception | None = None
        self._failed_at: float = -math.inf
        self._tasks = [SupervisedTask(self._stay_connected), SupervisedTask(self._keep_alive)]

    def join(self, channels: dict[bytes, str]) -> Coroutine[Any, Any, None]:
        """Asks at once: who leaves before this is awaited leaves what was asked for."""
        self._groups |= channels
        self._ask(channels)
        return self._until_confirmed()

    async def _until_confirmed(self) -> None:
        if not self._trusted:
            return
        # Whoever comes before the connection is asked for with all that are there by then.
        number = self._asked if self._connection else len(self._groups)
        confirmed = asyncio.get_running_loop().create_future()
        self._waiting.append((number, confirmed))
        try:
            await answered(confirmed, ANSWER_SECONDS)
        except TimeoutError as error:
            self._doubt(error)

    def leave(self, channels: Iterable[bytes]) -> None:
        gone = [channel for channel in channels if self._groups.pop(channel, None)]
        if gone:
            self._send("UNSUBSCRIBE", *gone)

    async def close(self) -> None:
        await stopped(self._tasks)
        self._drop()
        self._outage.abandon(self._part)
        with suppress(Exception):  # a server that is gone need not be told
            await self._pool.disconnect()

    async def _stay_connected(self) -> None:
        while True:
            try:
                await self._connect()
                await self._read()
            except Exception as error:
                pause = self._failed(error)
            finally:
                self._drop()
            await asyncio.sleep(pause)

    async def _connect(self) -> None:
        connection = self._pool.make_connection()
        try:
            await in_time(connection.connect(), CONNECT_SECONDS)
        except BaseException:
            connection._close()
            raise
        self._connection = connection
        self._asked = self._confirmed = self._pings = 0
        self._ask(self._groups)
        if not self._groups:  # as on a shard where nobody's group is: nothing will be confirmed
            self._release(math.inf)
            if not self._trusted:
                self._back()

    async def _read(self) -> None:
        read = self._connection.read_response
        while True:
            # Raises what Redis refuses, as by its ACL; which groups that was about is all one.
            answer = await read(disable_decoding=True, timeout=math.inf)
            self._pings = 0
            if answer[0] == b"message":
                self._hear(answer[1], answer[2])
            elif answer[0] == b"subscribe":
                self._confirm()

    def _hear(self, channel: bytes, payload: bytes) -> None:
        group = self._groups.get(channel)
        if group is not None:  # else it was left a moment ago
            self._receive(group, payload)

    def _ask(self, channels: Collection[bytes]) -> None:
        if channels and self._connection:
            self._asked += len(channels)
            self._send("SUBSCRIBE", *channels)

    def _confirm(self) -> None:
        self._confirmed += 1
        self._release(self._confirmed)
        if self._confirmed < self._asked:
            return
        self._release(math.inf)
        if not self._trusted:
            self._back()

    def _back(self) -> None:
        self._trusted = True
        if self._lost is not None:
            self._outage.began(self._part, self._lost)  # unless something has said so meanwhile
            self._lost = None
        self._outage.ended(self._part)
        self._works()
        self._recovered()

    def _failed(self, error: Exception) -> float:
        """Returns after how many seconds to try again.

        A good connection that is lost says little; the next failure, in a moment, says why.
        """
        before, self._failed_at = self._failed_at, asyncio.get_running_loop().time()
        steady = self._failed_at - before > PING_SECONDS
        if steady and self._connection and self._confirmed == self._asked:
            self._lost = error
            self._failures = 0
            return 0
        self._doubt(error)
        self._failures += 1
        return backoff(self._failures, first=0.1, longest=MAX_BACKOFF_SECONDS)

    def _doubt(self, reason: object) -> None:
        """Whoever waits is let go: the rows are there."""
        self._outage.began(self._part, reason)
        self._trusted = False
        self._release(math.inf)

    def _release(self, number: float) -> None:
        while self._waiting and self._waiting[0][0] <= number:
            _, confirmed = self._waiting.popleft()
            if not confirmed.done():  # else its caller was cancelled
                confirmed.set_result(None)

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(PING_SECONDS)
            if self._pings < MAX_UNANSWERED_PINGS:
                self._pings += 1
                self._send("PING")
            elif self._connection:
                self._doubt(f"Redis has answered no PING for {self._pings * PING_SECONDS:g} s")
                self._drop()

    def _send(self, *command: Any) -> None:
        """At once, so that nobody's cancellation tears a command or the connection of all.

        What Redis does not read is bounded by `_keep_alive`.
        """
        if self._connection and self._connection._writer:
            self._connection._writer.writelines(self._connection.pack_command(*command))

    def _drop(self) -> None:
        """Ends `_read` as well; waits for nothing that is still to be sent."""
        self._trusted = False
        self._release(math.inf)
        connection, self._connection = self._connection, None
        if connection and connection._writer:
            connection._writer.transport.abort()
            connection._close()

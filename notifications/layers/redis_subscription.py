"""One pub/sub connection per shard and process, with its own receiver.

redis-py's `PubSub` takes a lock, a health check and a timer for each message; a plain connection
read in one task is several times cheaper, and lets a join wait for Redis's confirmation.
"""

import asyncio
import logging
import math
import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from channels_redis.utils import create_pool
from redis.exceptions import RedisError

from .base import Receive, Recovered

logger = logging.getLogger(__name__)

PING_SECONDS = 15.0
"""A connection that answers nothing for three of these is dead, even if TCP does not know yet."""

JOIN_TIMEOUT_SECONDS = 2.0
MAX_BACKOFF_SECONDS = 5.0


class RedisSubscription:
    """All shards as one subscription."""

    def __init__(
        self,
        hosts: list[dict[str, Any]],
        channel_of: Callable[[str], str],
        shard_of: Callable[[str], int],
        receive: Receive,
        recovered: Recovered,
    ) -> None:
        self._channel_of = channel_of
        self._shard_of = shard_of
        self._shards = [_Shard(host, receive, recovered) for host in hosts]

    async def join(self, groups: Iterable[str]) -> None:
        await asyncio.gather(*(s.join(g) for s, g in self._by_shard(groups)))

    async def leave(self, groups: Iterable[str]) -> None:
        await asyncio.gather(*(s.leave(g) for s, g in self._by_shard(groups)))

    async def close(self) -> None:
        await asyncio.gather(*(shard.close() for shard in self._shards))

    def _by_shard(self, groups: Iterable[str]) -> list[tuple["_Shard", dict[bytes, str]]]:
        channels: dict[int, dict[bytes, str]] = {}
        for group in groups:
            shard = channels.setdefault(self._shard_of(group), {})
            shard[self._channel_of(group).encode()] = group
        return [(self._shards[index], named) for index, named in channels.items()]


class _Shard:
    """One Redis server: connects, subscribes, reads, and does so again after any failure."""

    def __init__(self, host: dict[str, Any], receive: Receive, recovered: Recovered) -> None:
        self._receive = receive
        self._recovered = recovered
        self._groups: dict[bytes, str] = {}
        self._unconfirmed: dict[bytes, asyncio.Future[None]] = {}
        # RESP2: answers to SUBSCRIBE and messages come in order, as plain lists.
        self._pool = create_pool({**host, "protocol": 2})
        self._connection: Any = None
        self._up = asyncio.Event()
        self._last_heard = 0.0
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._run()), loop.create_task(self._keep_alive())]

    async def join(self, channels: dict[bytes, str]) -> None:
        new = {c: g for c, g in channels.items() if c not in self._groups}
        self._groups.update(new)
        with suppress(TimeoutError, RedisError, OSError):
            async with asyncio.timeout(JOIN_TIMEOUT_SECONDS):
                await self._up.wait()
                await self._subscribe([c for c in channels if c in self._groups])

    async def leave(self, channels: dict[bytes, str]) -> None:
        gone = [channel for channel in channels if self._groups.pop(channel, None)]
        if gone and self._up.is_set():
            with suppress(RedisError, OSError):
                await self._connection.send_command("UNSUBSCRIBE", *gone)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._pool.disconnect()

    async def _subscribe(self, channels: list[bytes]) -> None:
        """Returns when Redis has confirmed all of them."""
        loop = asyncio.get_running_loop()
        futures = [self._unconfirmed.setdefault(c, loop.create_future()) for c in channels]
        if futures:
            await self._connection.send_command("SUBSCRIBE", *channels)
            await asyncio.gather(*futures)

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                await self._connect()
                failures = 0
                await self._read()
            except (RedisError, OSError, TimeoutError) as error:
                if failures == 0:
                    logger.warning("Redis is not reachable, the sweep delivers: %s", error)
                failures += 1
            finally:
                self._lost()
            longest = min(MAX_BACKOFF_SECONDS, 0.1 * 2**failures)
            await asyncio.sleep(random.uniform(longest / 2, longest))  # noqa: S311 - jitter

    async def _connect(self) -> None:
        self._connection = self._pool.make_connection()
        await self._connection.connect()
        self._last_heard = asyncio.get_running_loop().time()
        again = list(self._groups)
        self._up.set()
        if again:
            # Not awaited: the confirmations are read by the caller's next step.
            await self._connection.send_command("SUBSCRIBE", *again)
            self._recovered()

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        read = self._connection.read_response
        while True:
            answer = await read(disable_decoding=True, timeout=math.inf)
            self._last_heard = loop.time()
            if answer[0] == b"message":
                self._hear(answer[1], answer[2])
            elif answer[0] == b"subscribe" and (future := self._unconfirmed.pop(answer[1], None)):
                future.set_result(None) if not future.done() else None

    def _hear(self, channel: bytes, payload: bytes) -> None:
        group = self._groups.get(channel)
        if group is not None:  # else it was left a moment ago
            self._receive(group, payload)

    async def _keep_alive(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(PING_SECONDS)
            if not self._up.is_set():
                continue
            with suppress(RedisError, OSError):
                await self._connection.send_command("PING", check_health=False)
            if loop.time() - self._last_heard > 3 * PING_SECONDS:
                await self._connection.disconnect(nowait=True)

    def _lost(self) -> None:
        self._up.clear()
        for future in self._unconfirmed.values():
            future.cancel()
        self._unconfirmed.clear()
        if self._connection is not None:
            self._connection._close()

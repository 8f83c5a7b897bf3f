"""Several processes: hints go over Redis pub/sub, published in one round trip per shard."""

import time
from typing import Any

import redis
import redis.sentinel
from channels_redis.core import RedisChannelLayer as StockRedisChannelLayer

from ..conf import get_settings
from .base import Batch, Receive, Recovered
from .redis_subscription import RedisSubscription


class LayerUnavailable(ConnectionError):
    """Redis does not take hints."""


class CircuitBreaker:
    """After a failure, refuses for a while, so that a dead server does not slow each caller."""

    def __init__(self) -> None:
        self._closed_until = 0.0

    def check(self) -> None:
        if time.monotonic() < self._closed_until:
            raise LayerUnavailable("Redis failed a moment ago and is not asked yet")

    def trip(self) -> None:
        self._closed_until = time.monotonic() + get_settings().BREAKER_SECONDS


class RedisChannelLayer(StockRedisChannelLayer):  # type: ignore[misc]  # untyped base
    """The stock Redis layer with hints. Hosts are whatever channels-redis accepts."""

    extensions = [*StockRedisChannelLayer.extensions, "hints"]
    hosts: list[dict[str, Any]]

    def __init__(self, *args: Any, **config: Any) -> None:
        super().__init__(*args, **config)
        # redis-py's default of 5 seconds closes consumers that wait longer for a message.
        self.hosts = [{"socket_timeout": None, **host} for host in self.hosts]
        self._breakers = [CircuitBreaker() for _ in self.hosts]
        self._publishers: list[redis.Redis | None] = [None] * len(self.hosts)

    def publish_hints(self, batch: Batch) -> None:
        """One pipeline per shard; raises `LayerUnavailable` after all shards were tried."""
        shards: dict[int, list[tuple[str, bytes]]] = {}
        for payload, groups in batch:
            for group in groups:
                shard = self.consistent_hash(group)
                shards.setdefault(shard, []).append((self._hint_channel(group), payload))
        failures = [error for shard in shards if (error := self._publish(shard, shards[shard]))]
        if failures:
            raise LayerUnavailable("Redis did not take the hints") from failures[0]

    async def subscribe_hints(self, receive: Receive, recovered: Recovered) -> RedisSubscription:
        return RedisSubscription(
            self.hosts, self._hint_channel, self.consistent_hash, receive, recovered
        )

    def _hint_channel(self, group: str) -> str:
        return f"{self.prefix}__hints__{group}"

    def _publish(self, shard: int, messages: list[tuple[str, bytes]]) -> Exception | None:
        breaker = self._breakers[shard]
        try:
            breaker.check()
            pipeline = self._publisher(shard).pipeline(transaction=False)
            for channel, payload in messages:
                pipeline.publish(channel, payload)
            pipeline.execute()
        except LayerUnavailable as error:
            return error
        except (redis.RedisError, OSError) as error:
            breaker.trip()
            return error
        return None

    def _publisher(self, shard: int) -> redis.Redis:
        """A sync client of its own: it needs no event loop and is safe across threads."""
        client = self._publishers[shard]
        if client is None:
            client = redis.Redis(connection_pool=_sync_pool(self.hosts[shard]))
            self._publishers[shard] = client
        return client


def _sync_pool(host: dict[str, Any]) -> redis.ConnectionPool:
    """As `channels_redis.utils.create_pool`, which makes pools for asyncio."""
    timeout = get_settings().PUBLISH_TIMEOUT_SECONDS
    # One connection for each thread that publishes at this moment: redis-py's limit of 100 would
    # look like a failure of Redis.
    host = {"max_connections": 10_000, **host}
    host |= {"socket_timeout": timeout, "socket_connect_timeout": timeout}
    if "address" in host:
        return redis.ConnectionPool.from_url(host.pop("address"), **host)
    master_name = host.pop("master_name", None)
    if master_name is None:
        return redis.ConnectionPool(**host)
    sentinels = redis.sentinel.Sentinel(  # type: ignore[no-untyped-call]  # redis-py has no types
        host.pop("sentinels"), sentinel_kwargs=host.pop("sentinel_kwargs", None)
    )
    pool = redis.sentinel.SentinelConnectionPool
    return pool(master_name, sentinels, **host)  # type: ignore[no-untyped-call]  # nor here

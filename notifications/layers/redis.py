"""Several processes: hints go over Redis pub/sub, published in one round trip per shard."""

from typing import Any

import redis
from channels_redis.core import RedisChannelLayer as StockRedisChannelLayer

from .base import Batch, Receive, Recovered
from .breaker import CircuitBreaker, LayerUnavailable
from .outage import Outage
from .redis_pool import sync_pool
from .redis_subscription import RedisSubscription, Shard


class RedisChannelLayer(StockRedisChannelLayer):  # type: ignore[misc]  # untyped base
    """The stock Redis layer with hints. Hosts are whatever channels-redis accepts."""

    extensions = [*StockRedisChannelLayer.extensions, "hints"]
    hosts: list[dict[str, Any]]

    def __init__(self, *args: Any, **config: Any) -> None:
        super().__init__(*args, **config)
        # redis-py's default of 5 seconds closes consumers that wait longer for a message.
        self.hosts = [{"socket_timeout": None, **host} for host in self.hosts]
        self._outage = Outage()
        self._breakers = [
            CircuitBreaker(self._outage, f"publish {number}") for number in range(len(self.hosts))
        ]
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
            raise failures[0]

    async def subscribe_hints(self, receive: Receive, recovered: Recovered) -> RedisSubscription:
        shards = [
            Shard(host, f"hear {number}", self._outage, breaker.reset, receive, recovered)
            for number, (host, breaker) in enumerate(zip(self.hosts, self._breakers, strict=True))
        ]
        return RedisSubscription(shards, self._hint_channel, self.consistent_hash)

    def _hint_channel(self, group: str) -> str:
        return f"{self.prefix}__hints__{group}"

    def _publish(self, shard: int, messages: list[tuple[str, bytes]]) -> LayerUnavailable | None:
        try:
            with self._breakers[shard].attempt():
                pipeline = self._publisher(shard).pipeline(transaction=False)
                for channel, payload in messages:
                    pipeline.publish(channel, payload)
                pipeline.execute()
        except LayerUnavailable as error:
            return error
        return None

    def _publisher(self, shard: int) -> redis.Redis:
        """A sync client of its own: it needs no event loop and is safe across threads."""
        client = self._publishers[shard]
        if client is None:
            client = redis.Redis(connection_pool=sync_pool(self.hosts[shard]))
            self._publishers[shard] = client
        return client

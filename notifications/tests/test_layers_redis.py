import asyncio
import time
from unittest import skipUnless

from channels_redis.core import RedisChannelLayer as StockRedisChannelLayer
from django.test import SimpleTestCase, override_settings

from notifications.layers import RedisChannelLayer
from notifications.layers.redis import LayerUnavailable, _sync_pool

from .services import PrivateRedis, redis_is_installed
from .test_layers_inprocess import Ear, ignore


@skipUnless(redis_is_installed(), "redis-server is not installed")
class RedisChannelLayerTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.redis = cls.enterClassContext(PrivateRedis())
        cls.other = cls.enterClassContext(PrivateRedis())

    def layer(self, **config):
        return RedisChannelLayer(**{"hosts": [self.redis.url]} | config)

    async def publish(self, layer, batch):
        """From a thread, as views and commands do."""
        await asyncio.to_thread(layer.publish_hints, batch)

    async def test_a_hint_is_heard_by_those_who_joined_its_group(self):
        layer, ear = self.layer(), Ear()
        subscription = await layer.subscribe_hints(ear, ignore)
        await subscription.join(["a", "b"])
        await self.publish(layer, [(b"\x00\xff", ["a", "b", "c"])])
        await ear.until(2)
        await subscription.leave(["b"])
        await self.publish(layer, [(b"2", ["b", "a"])])
        await ear.until(3)
        self.assertEqual(ear.heard, [("a", b"\x00\xff"), ("b", b"\x00\xff"), ("a", b"2")])
        await subscription.close()

    async def test_nothing_published_after_a_join_is_missed(self):
        layer, ear = self.layer(), Ear()
        subscription = await layer.subscribe_hints(ear, ignore)
        for number in range(50):
            await subscription.join([f"g{number}"])
            await self.publish(layer, [(b"x", [f"g{number}"])])
        await ear.until(50)
        await subscription.close()

    async def test_groups_are_spread_over_shards(self):
        layer, ear = self.layer(hosts=[self.redis.url, self.other.url]), Ear()
        groups = [f"user.{number}" for number in range(40)]
        self.assertEqual({layer.consistent_hash(group) for group in groups}, {0, 1})
        subscription = await layer.subscribe_hints(ear, ignore)
        await subscription.join(groups)
        await self.publish(layer, [(b"x", groups)])
        await ear.until(40)
        await subscription.close()

    async def test_two_sites_on_one_redis_do_not_hear_each_other(self):
        ours, theirs, ear = self.layer(prefix="ours"), self.layer(prefix="theirs"), Ear()
        subscription = await ours.subscribe_hints(ear, ignore)
        await subscription.join(["a"])
        await self.publish(theirs, [(b"theirs", ["a"])])
        await self.publish(ours, [(b"ours", ["a"])])
        await ear.until(1)
        self.assertEqual(ear.heard, [("a", b"ours")])
        await subscription.close()

    async def test_the_stock_behaviour_is_left_alone(self):
        for layer in (self.layer(), StockRedisChannelLayer([self.redis.url])):
            channel = await layer.new_channel()
            await layer.group_add("g", channel)
            await layer.group_send("g", {"type": "x", "number": 1})
            self.assertEqual(await layer.receive(channel), {"type": "x", "number": 1})
            await layer.close_pools()

    def test_a_host_waits_for_messages_without_a_limit_unless_it_has_one(self):
        [host] = self.layer().hosts
        self.assertIsNone(host["socket_timeout"])
        [host] = self.layer(hosts=[{"address": self.redis.url, "socket_timeout": 7}]).hosts
        self.assertEqual(host["socket_timeout"], 7)

    def test_hosts_are_what_channels_redis_accepts(self):
        tls = _sync_pool({"address": "rediss://:secret@redis.example:6380/1"})
        self.assertEqual(tls.connection_class.__name__, "SSLConnection")
        self.assertEqual(tls.connection_kwargs["password"], "secret")
        plain = _sync_pool({"host": "redis.example", "port": 6380})
        self.assertEqual(plain.connection_kwargs["port"], 6380)
        sentinel = _sync_pool({"sentinels": [("a", 26379)], "master_name": "main"})
        self.assertEqual(sentinel.service_name, "main")


@skipUnless(redis_is_installed(), "redis-server is not installed")
@override_settings(NOTIFICATIONS={"BREAKER_SECONDS": 0.3})
class RedisTroubleTests(SimpleTestCase):
    def setUp(self):
        self.redis = self.enterContext(PrivateRedis())
        self.layer = RedisChannelLayer([self.redis.url])

    async def test_after_a_restart_groups_are_joined_again_and_the_hub_is_told(self):
        ear, recovered = Ear(), asyncio.Event()
        subscription = await self.layer.subscribe_hints(ear, recovered.set)
        await subscription.join(["a"])
        with self.assertLogs("notifications.layers", "WARNING"):
            await asyncio.to_thread(self.redis.stop)
            await asyncio.to_thread(self.redis.start)
            await asyncio.wait_for(recovered.wait(), 10)
        await subscription.join(["b"])
        await asyncio.to_thread(self.publish_until_it_works, [(b"x", ["a", "b"])])
        await ear.until(2)
        await subscription.close()

    async def test_a_join_while_redis_is_down_does_not_hang(self):
        with self.assertLogs("notifications.layers", "WARNING"):
            await asyncio.to_thread(self.redis.stop)
            subscription = await self.layer.subscribe_hints(Ear(), ignore)
            async with asyncio.timeout(5):
                await subscription.join(["a"])
            await subscription.close()

    def test_a_dead_redis_is_asked_once_and_then_left_alone_for_a_while(self):
        self.redis.stop()
        with self.assertRaises(LayerUnavailable):
            self.layer.publish_hints([(b"x", ["a"])])
        begun = time.perf_counter()
        for _ in range(100):
            with self.assertRaises(LayerUnavailable):
                self.layer.publish_hints([(b"x", ["a"])])
        self.assertLess(time.perf_counter() - begun, 0.2)
        self.redis.start()
        self.publish_until_it_works([(b"x", ["a"])])

    def publish_until_it_works(self, batch):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                return self.layer.publish_hints(batch)
            except OSError:
                time.sleep(0.02)
        raise AssertionError("the layer did not recover")

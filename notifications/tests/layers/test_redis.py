import asyncio
from unittest import skipUnless

from channels_redis.core import RedisChannelLayer as StockRedisChannelLayer
from django.test import SimpleTestCase, override_settings, tag

from notifications.layers import RedisChannelLayer
from notifications.layers.redis_pool import sync_pool

from ..services import PrivateRedis, redis_is_installed
from ..waiting import until
from .test_inprocess import Ear, ignore


@tag("slow")
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

    async def test_no_hint_published_after_a_join_is_missed(self):
        layer, ear = self.layer(), Ear()
        subscription = await layer.subscribe_hints(ear, ignore)
        for number in range(50):
            await subscription.join([f"g{number}"])
            await self.publish(layer, [(b"x", [f"g{number}"])])
        await ear.until(50)
        await subscription.close()

    async def test_a_group_that_is_left_before_there_is_a_connection_is_no_outage(self):
        layer, ear = self.layer(), Ear()
        self.addCleanup(self.redis.resume)
        subscription = await layer.subscribe_hints(ear, ignore)
        [shard] = subscription._shards
        with self.assertNoLogs("notifications.layers"):
            self.redis.suspend()  # it takes a connection, and answers nothing yet
            joining = asyncio.create_task(subscription.join(["a"]))
            await until(lambda: shard._waiting, "the join")
            await subscription.leave(["a"])
            self.redis.resume()
            await joining
        self.assertTrue(shard._trusted)
        await subscription.join(["b"])
        await self.publish(layer, [(b"x", ["b"])])
        await ear.until(1)
        await subscription.close()

    async def test_a_group_that_is_left_in_the_moment_it_is_joined_is_not_kept(self):
        layer = self.layer()
        subscription = await layer.subscribe_hints(ignore, ignore)
        await subscription.join(["a"])
        joining = asyncio.create_task(subscription.join(["b"]))
        await asyncio.sleep(0)
        await subscription.leave(["b"])
        await joining
        [shard] = subscription._shards
        self.assertEqual(list(shard._groups.values()), ["a"])
        await subscription.close()

    async def test_groups_are_spread_over_shards_and_all_are_heard(self):
        layer, ear = self.layer(hosts=[self.redis.url, self.other.url]), Ear()
        groups = [f"user.{number}" for number in range(40)]
        self.assertEqual({layer.consistent_hash(group) for group in groups}, {0, 1})
        subscription = await layer.subscribe_hints(ear, ignore)
        await subscription.join(groups)
        await self.publish(layer, [(b"x", groups)])
        await ear.until(40)
        await subscription.close()

    async def test_two_prefixes_on_one_redis_do_not_hear_each_other(self):
        ours, theirs, ear = self.layer(prefix="ours"), self.layer(prefix="theirs"), Ear()
        subscription = await ours.subscribe_hints(ear, ignore)
        await subscription.join(["a"])
        await self.publish(theirs, [(b"theirs", ["a"])])
        await self.publish(ours, [(b"ours", ["a"])])
        await ear.until(1)
        self.assertEqual(ear.heard, [("a", b"ours")])
        await subscription.close()

    async def test_a_user_of_redis_needs_four_commands_and_the_channels_of_the_prefix(self):
        self.redis.ask(
            "ACL SETUSER least on >secret resetchannels &asgi__hints__* "
            "+subscribe +unsubscribe +publish +ping"
        )
        layer, ear = self.layer(hosts=[self.redis.url.replace("//", "//least:secret@")]), Ear()
        with self.assertNoLogs("notifications"):
            subscription = await layer.subscribe_hints(ear, ignore)
            await subscription.join(["a", "b"])
            await subscription.leave(["b"])
            await self.publish(layer, [(b"x", ["a", "b"])])
            await ear.until(1)
            await subscription.close()
        self.assertEqual(ear.heard, [("a", b"x")])

    async def test_the_redis_layer_sends_to_groups_as_the_stock_layer_does(self):
        for layer in (self.layer(), StockRedisChannelLayer([self.redis.url])):
            channel = await layer.new_channel()
            await layer.group_add("g", channel)
            await layer.group_send("g", {"type": "x", "number": 1})
            self.assertEqual(await layer.receive(channel), {"type": "x", "number": 1})
            await layer.close_pools()

    def test_a_redis_host_waits_for_messages_without_a_limit_unless_it_has_one(self):
        [host] = self.layer().hosts
        self.assertIsNone(host["socket_timeout"])
        [host] = self.layer(hosts=[{"address": self.redis.url, "socket_timeout": 7}]).hosts
        self.assertEqual(host["socket_timeout"], 7)

    def test_redis_hosts_are_whatever_channels_redis_accepts(self):
        tls = sync_pool({"address": "rediss://:secret@redis.example:6380/1"})
        self.assertEqual(tls.connection_class.__name__, "SSLConnection")
        self.assertEqual(tls.connection_kwargs["password"], "secret")
        plain = sync_pool({"host": "redis.example", "port": 6380})
        self.assertEqual(plain.connection_kwargs["port"], 6380)
        sentinel = sync_pool({"sentinels": [("a", 26379)], "master_name": "main"})
        self.assertEqual(sentinel.service_name, "main")

    def test_a_sentinel_that_hangs_is_not_waited_for_longer_than_redis(self):
        with override_settings(NOTIFICATIONS={"PUBLISH_TIMEOUT_SECONDS": 0.25}):
            pool = sync_pool({"sentinels": [("a", 26379)], "master_name": "main"})
        [sentinel] = pool.sentinel_manager.sentinels
        self.assertEqual(sentinel.get_connection_kwargs()["socket_timeout"], 0.25)

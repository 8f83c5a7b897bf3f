"""The three stock layers: everything arrives, what is beyond their capacity by the sweep."""

import os
from unittest import skipUnless

from django.contrib.auth import get_user_model
from django.test import TransactionTestCase, override_settings, tag

from notifications.send import anotify

from ..clients import MemoryClient
from ..services import PrivateRedis, redis_is_installed

User = get_user_model()

QUICK = {"SWEEP_SECONDS": 0.3, "SWEEP_GRACE_SECONDS": 0, "WATCH_SECONDS": 10, "WINDOW": 200}


def layer(backend, **config):
    return override_settings(
        NOTIFICATIONS=QUICK, CHANNEL_LAYERS={"default": {"BACKEND": backend, "CONFIG": config}}
    )


class AnyStockLayer:
    backend: str

    def setUp(self):
        self.enterContext(layer(self.backend, **self.config()))
        self.ada = User.objects.create_user("ada")

    def config(self):
        return {}

    @tag("slow")
    async def test_a_burst_beyond_the_capacity_of_a_layer_arrives_once_and_in_full(self):
        client = await MemoryClient(self.ada).connect()
        ids = [(await anotify([self.ada], "n")).pk for _ in range(150)]
        await client.until_arrived(ids)
        self.assertEqual(sorted(client.arrived), ids)
        client.ack()
        await client.settle()
        await client.disconnect()

    async def test_a_notification_to_a_queryset_is_announced_over_a_stock_layer(self):
        client = await MemoryClient(self.ada).connect()
        with self.assertNoLogs("notifications.sending.fanout"):
            notification = await anotify(User.objects.all(), "n")
        await client.until_arrived([notification.pk])
        await client.disconnect()


class InMemoryTests(AnyStockLayer, TransactionTestCase):
    backend = "channels.layers.InMemoryChannelLayer"


@skipUnless(redis_is_installed(), "redis-server is not installed")
class RedisLayerTestCase(AnyStockLayer):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.redis = cls.enterClassContext(PrivateRedis())

    def config(self):
        # redis-py's default time-out would close a receiver that waits for a message.
        return {
            "hosts": [{"address": self.redis.url, "socket_timeout": None}],
            "prefix": f"t{os.getpid()}",
        }


@tag("slow")
class RedisCoreTests(RedisLayerTestCase, TransactionTestCase):
    backend = "channels_redis.core.RedisChannelLayer"


@tag("slow")
class RedisPubSubTests(RedisLayerTestCase, TransactionTestCase):
    backend = "channels_redis.pubsub.RedisPubSubChannelLayer"

"""The Redis layer where no Redis is, which takes none to test."""

import time

from django.test import SimpleTestCase

from notifications.layers import RedisChannelLayer
from notifications.layers.breaker import LayerUnavailable

from .test_inprocess import Ear, ignore

NOBODY = "redis://127.0.0.1:1"
"""A port that only an administrator may open, and nobody does."""

LOG = "notifications.layers"
JOIN_SECONDS = 5
"""It waits for one; the rest is for a busy machine."""


class NoRedisTests(SimpleTestCase):
    def test_publishing_to_a_redis_that_is_not_there_is_refused_and_logged(self):
        layer = RedisChannelLayer(hosts=[NOBODY])
        with self.assertLogs(LOG), self.assertRaises(LayerUnavailable):
            layer.publish_hints([(b"hint", ["group"])])

    async def test_joining_groups_of_a_redis_that_is_not_there_ends_and_is_logged(self):
        layer = RedisChannelLayer(hosts=[NOBODY])
        subscription = await layer.subscribe_hints(Ear(), ignore)
        begun = time.monotonic()
        with self.assertLogs(LOG):
            await subscription.join(["group"])
        self.assertLess(time.monotonic() - begun, JOIN_SECONDS)
        await subscription.leave(["group"])
        await subscription.close()

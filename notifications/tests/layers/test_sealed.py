"""Sites that share a Redis, and one site whose key is being changed: real layers, real keys."""

import asyncio
import time
from unittest import mock, skipUnless

from django.contrib.auth import get_user_model
from django.test import SimpleTestCase, TransactionTestCase, override_settings, tag

from notifications.layers import InProcessChannelLayer, RedisChannelLayer, get_hints_layer
from notifications.layers.fallback import GroupSendHints
from notifications.layers.seal import Seal
from notifications.layers.sealed import SealedHints
from notifications.send import notify
from notifications.sending import fanout
from notifications.wire import hints

from ..clients import MemoryClient
from ..services import PrivateRedis, redis_is_installed
from .test_inprocess import Ear, ignore

User = get_user_model()

BACKENDS = {
    "ours": "notifications.layers.RedisChannelLayer",
    "core": "channels_redis.core.RedisChannelLayer",
    "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer",
}


class SealedInProcessTests(SimpleTestCase):
    """A layer without a broker, as what is sealed is the same on any."""

    async def listen(self, layer, secret):
        ear = Ear()
        subscription = await SealedHints(layer, [Seal(secret)]).subscribe_hints(ear, ignore)
        await subscription.join(["group"])
        return ear, subscription

    async def test_a_sealed_hint_is_heard_under_its_own_key_alone(self):
        layer = InProcessChannelLayer()
        own, subscription = await self.listen(layer, "own key")
        strange, other = await self.listen(layer, "another key")
        SealedHints(layer, [Seal("own key")]).publish_hints([(b"hint", ["group"])])
        await own.until(1)
        self.assertEqual((own.heard, strange.heard), ([("group", b"hint")], []))
        await subscription.leave(["group"])
        await subscription.close()
        await other.close()


@skipUnless(redis_is_installed(), "redis-server is not installed")
class SharedRedisTestCase(SimpleTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.redis = cls.enterClassContext(PrivateRedis())

    def site(self, key, *fallbacks, backend="ours", database=0):
        """The settings of one site; the prefix is everybody's default."""
        hosts = [{"address": f"{self.redis.url[:-1]}{database}", "socket_timeout": None}]
        return override_settings(
            SECRET_KEY=key,
            SECRET_KEY_FALLBACKS=list(fallbacks),
            CHANNEL_LAYERS={
                "default": {"BACKEND": BACKENDS[backend], "CONFIG": {"hosts": hosts}},
            },
        )

    async def listen(self, site, *groups):
        ear = Ear()
        with site:
            subscription = await get_hints_layer().subscribe_hints(ear, ignore)
        await subscription.join(groups)
        return ear, subscription

    async def publish(self, site, payload, *groups):
        def in_a_thread():
            with site:
                get_hints_layer().publish_hints([(payload, groups)])

        await asyncio.to_thread(in_a_thread)


@tag("slow")
class TwoSitesTests(SharedRedisTestCase):
    async def test_an_empty_fallback_is_no_key_that_two_sites_share(self):
        for nothing in ("", None):
            with self.subTest(nothing):
                ours, theirs = self.site("a", nothing), self.site("b", nothing)
                ear, subscription = await self.listen(ours, "user.7")
                await self.publish(theirs, b"theirs", "user.7")
                await self.publish(ours, b"ours", "user.7")
                await ear.until(1)
                self.assertEqual(ear.heard, [("user.7", b"ours")])
                await subscription.close()

    async def test_sites_with_other_keys_do_not_hear_each_other(self):
        for backend in BACKENDS:
            with self.subTest(backend):
                ours, theirs = self.site("a", backend=backend), self.site("b", backend=backend)
                ear, subscription = await self.listen(ours, "user.7", hints.HUBS)
                await self.publish(theirs, b"theirs", "user.7", hints.HUBS)
                await self.publish(ours, b"ours", "user.7", hints.HUBS)
                await ear.until(2)
                self.assertEqual(ear.heard, [("user.7", b"ours"), (hints.HUBS, b"ours")])
                await subscription.close()

    async def test_processes_of_one_site_hear_each_other(self):
        for backend in BACKENDS:
            with self.subTest(backend):
                site = self.site("a", backend=backend)
                ear, subscription = await self.listen(site, "user.7", "user.8")
                await self.publish(site, b"\x00\xff", "user.7")
                await self.publish(site, b"2", "user.8", "user.9")
                await ear.until(2)
                self.assertEqual(ear.heard, [("user.7", b"\x00\xff"), ("user.8", b"2")])
                await subscription.leave(["user.7"])
                await self.publish(site, b"3", "user.7", "user.8")
                await ear.until(3)
                self.assertEqual(ear.heard[2:], [("user.8", b"3")])
                await subscription.close()

    async def test_no_name_in_redis_reveals_the_group_of_a_user(self):
        for backend in BACKENDS:
            with self.subTest(backend):
                _, subscription = await self.listen(self.site("a", backend=backend), "user.7")
                names = self.redis.ask("PUBSUB CHANNELS") + self.redis.ask("KEYS *")
                self.assertNotEqual(names, [])
                self.assertEqual([name for name in names if b"user" in name], [])
                await subscription.close()


@tag("slow")
class ForgedHintTests(SharedRedisTestCase):
    """Somebody who may read and write Redis, and has not the key."""

    def setUp(self):
        self.layer = RedisChannelLayer([self.redis.url])
        self.site = SealedHints(self.layer, [Seal("a")])
        self.ear = Ear()

    async def subscribe(self):
        subscription = await self.site.subscribe_hints(self.ear, ignore)
        await subscription.join(["user.7", "user.8"])
        return subscription

    async def publish(self, layer, *batch):
        await asyncio.to_thread(layer.publish_hints, batch)

    async def overheard(self, group, payload):
        """What travels when the site itself publishes."""
        raw = Ear()
        subscription = await self.layer.subscribe_hints(raw, ignore)
        await subscription.join([Seal("a").name(group)])
        await self.publish(self.site, (payload, [group]))
        await raw.until(1)
        await subscription.close()
        return raw.heard[0][1]

    async def test_a_forged_hint_is_refused_and_logged_once(self):
        subscription = await self.subscribe()
        name = Seal("a").name("user.7")
        with self.assertLogs("notifications.layers", "WARNING") as logs:
            forged = hints.encode(hints.SignedOut(""))
            await self.publish(self.layer, *[(data, [name]) for data in (b"", forged, b"x" * 99)])
            await self.publish(self.site, (b"true", ["user.7"]))
            await self.ear.until(1)
        self.assertEqual(self.ear.heard, [("user.7", b"true")])
        self.assertEqual(len(logs.records), 1)
        self.assertIn("sealed with another key", logs.output[0])
        await subscription.close()

    async def test_a_hint_for_one_user_is_refused_for_another(self):
        subscription = await self.subscribe()
        sealed = await self.overheard("user.7", b"for 7")
        with self.assertLogs("notifications.layers", "WARNING"):
            await self.publish(self.layer, (sealed, [Seal("a").name("user.8")]))
            await self.publish(self.site, (b"true", ["user.8"]))
            await self.ear.until(2)
        self.assertEqual(self.ear.heard, [("user.7", b"for 7"), ("user.8", b"true")])
        await subscription.close()

    async def test_a_hint_that_is_replayed_after_some_minutes_is_refused(self):
        subscription = await self.subscribe()
        sealed = await self.overheard("user.7", b"long ago")
        await self.ear.until(1)  # under the other clock it would be refused the first time
        later = time.time() + 301
        with (
            mock.patch("notifications.layers.sealed.time.time", return_value=later),
            self.assertLogs("notifications.layers", "WARNING") as logs,
        ):
            await self.publish(self.layer, (sealed, [Seal("a").name("user.7")]))
            await self.publish(self.site, (b"new", ["user.7"]))
            await self.ear.until(2)
        self.assertEqual(self.ear.heard, [("user.7", b"long ago"), ("user.7", b"new")])
        self.assertIn("300 seconds old", logs.output[0])
        await subscription.close()

    async def test_a_hint_of_a_machine_whose_clock_is_minutes_away_is_heard(self):
        subscription = await self.subscribe()
        now = time.time()
        for count, offset in ((2, -290), (4, 290)):
            with mock.patch("notifications.layers.sealed.time.time", return_value=now + offset):
                sealed = await self.overheard("user.8", b"x")
                await self.ear.until(count - 1)
            await self.publish(self.layer, (sealed, [Seal("a").name("user.8")]))
            await self.ear.until(count)
        await subscription.close()

    async def test_a_listener_that_fails_with_one_hint_hears_the_next(self):
        heard = Ear()

        def listen(group, payload):
            if payload == b"bad":
                raise ValueError("not this one")
            heard(group, payload)

        subscription = await self.site.subscribe_hints(listen, ignore)
        await subscription.join(["user.7"])
        with self.assertLogs("notifications.layers", "ERROR"):
            await self.publish(self.site, (b"bad", ["user.7"]), (b"good", ["user.7"]))
            await heard.until(1)
        self.assertEqual(heard.heard, [("user.7", b"good")])
        await subscription.close()


@tag("slow")
class KeyRotationTests(SharedRedisTestCase):
    """While `SECRET_KEY` is rotated, three generations of processes run side by side."""

    def setUp(self):
        self.old = self.site("old")
        self.both = self.site("new", "old")
        self.new = self.site("new")

    async def assert_heard_once(self, listening, publishing):
        ear, subscription = await self.listen(listening, "user.7")
        for payload in (b"1", b"2"):
            await self.publish(publishing, payload, "user.7")
        await ear.until(2)
        # What else there was to hear of the two is here before what is published to the process.
        await self.publish(listening, b"last", "user.7")
        await ear.until(3)
        self.assertEqual([payload for _, payload in ear.heard], [b"1", b"2", b"last"])
        await subscription.close()

    async def test_processes_that_share_a_key_hear_each_other_once(self):
        pairs = [
            (self.old, self.both),
            (self.both, self.old),
            (self.both, self.both),
            (self.both, self.new),
            (self.new, self.both),
            (self.site("newer", "new", "old"), self.both),
            (self.both, self.site("newer", "new", "old")),
            (self.site("new", "old", "new"), self.both),
        ]
        for number, (listening, publishing) in enumerate(pairs):
            with self.subTest(number):
                await self.assert_heard_once(listening, publishing)

    async def test_processes_that_share_a_key_hear_each_other_once_over_stock_layers(self):
        for backend in ("core", "pubsub"):
            with self.subTest(backend):
                old = self.site("old", backend=backend)
                both = self.site("new", "old", backend=backend)
                await self.assert_heard_once(old, both)
                await self.assert_heard_once(both, old)
                await self.assert_heard_once(both, both)

    async def test_after_a_key_rotation_hints_of_the_old_key_are_not_heard(self):
        ear, subscription = await self.listen(self.new, "user.7")
        await self.publish(self.old, b"old", "user.7")
        await self.publish(self.new, b"new", "user.7")
        await ear.until(1)
        self.assertEqual(ear.heard, [("user.7", b"new")])
        await subscription.close()


@tag("slow")
class SharedRedisConsumerTests(SharedRedisTestCase, TransactionTestCase):
    """Two sites whose users have the same numbers, from `notify` to the socket."""

    quick = override_settings(NOTIFICATIONS={"SWEEP_SECONDS": 60, "WATCH_SECONDS": 10})

    async def test_a_sign_out_on_one_site_leaves_the_sockets_of_the_other_open(self):
        ada = await User.objects.acreate(username="ada")
        with self.quick, self.site("ours"):
            client = await MemoryClient(ada).connect()
            with self.site("theirs", database=3):
                frame = '{"type":"notification","id":1,"title":"theirs"}'
                hint = hints.encode(hints.Notified(1, frame))
                await asyncio.to_thread(fanout.publish, [(hint, [hints.user_group(ada.pk)])])
                await asyncio.to_thread(fanout.signed_out, ada.pk)
            pk = await asyncio.to_thread(lambda: notify(ada, "ours").pk)
            await client.until_arrived([pk])
            self.assertEqual((client.arrived, client.close_code), ([pk], None))
            await asyncio.to_thread(fanout.signed_out, ada.pk)
            await client.until_closed(4403)
            await client.disconnect()


class LayerLookupTests(SimpleTestCase):
    def test_hints_that_never_leave_the_process_are_not_sealed(self):
        for backend, kind in (
            ("notifications.layers.InProcessChannelLayer", InProcessChannelLayer),
            ("channels.layers.InMemoryChannelLayer", GroupSendHints),
        ):
            with self.settings(CHANNEL_LAYERS={"default": {"BACKEND": backend}}):
                self.assertIs(type(get_hints_layer()), kind)

    def test_a_sealed_layer_is_found_again_with_its_memory_of_failures(self):
        for backend in BACKENDS.values():
            with self.settings(CHANNEL_LAYERS={"default": {"BACKEND": backend}}):
                layer = get_hints_layer()
                self.assertIs(type(layer), SealedHints)
                self.assertIs(get_hints_layer(), layer)

"""With its broker in any state, a site greets, delivers, and hears again: real consumers."""

import asyncio
import contextlib
import logging
import time
from unittest import mock, skipUnless

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.test import TransactionTestCase, override_settings, tag

from notifications.send import notify

from ..clients import MemoryClient
from ..services import PrivateRedis, redis_is_installed

User = get_user_model()

OURS = "notifications.layers.RedisChannelLayer"
CORE = "channels_redis.core.RedisChannelLayer"
PUBSUB = "channels_redis.pubsub.RedisPubSubChannelLayer"

GREETED_SECONDS = 2.0
WAIT_SECONDS = 1.5
NO_WAIT_SECONDS = 0.8
LIVE_SECONDS = 5.0

BY_SWEEP = {"SWEEP_SECONDS": 0.3, "SWEEP_GRACE_SECONDS": 0, "WATCH_SECONDS": 10}
LIVE_ONLY = {"SWEEP_SECONDS": 60, "SWEEP_GRACE_SECONDS": 60, "WATCH_SECONDS": 10}


def using(backend, url):
    config = {"hosts": [{"address": url, "socket_timeout": None}]}
    return override_settings(
        NOTIFICATIONS=BY_SWEEP, CHANNEL_LAYERS={"default": {"BACKEND": backend, "CONFIG": config}}
    )


def send(user):
    return notify(user, "news").pk


def lines(logs):
    return [record.getMessage() for record in logs.records]


@skipUnless(redis_is_installed(), "redis-server is not installed")
class TroubleTestCase(TransactionTestCase):
    def setUp(self):
        self.redis = self.enterContext(PrivateRedis())
        # The stock layer's own words, a traceback for each.
        self.enterContext(
            mock.patch.object(logging.getLogger("channels_redis.pubsub"), "disabled", True)
        )
        self.clients = []
        self.users = User.objects.bulk_create(User(username=f"u{n}") for n in range(300))

    async def connect(self, users):
        clients = [MemoryClient(user) for user in users]
        self.clients += clients
        begun = time.monotonic()
        await asyncio.gather(*(client.connect() for client in clients))
        self.assertEqual([c.close_code for c in clients if c.close_code], [])
        return clients, time.monotonic() - begun

    async def disconnect(self):
        await asyncio.gather(*(client.disconnect() for client in self.clients))
        self.clients.clear()

    async def assert_live_again(self, user, client):
        """Rows that are as young as these are left to their hints."""
        with override_settings(NOTIFICATIONS=LIVE_ONLY):
            deadline = time.monotonic() + LIVE_SECONDS
            while time.monotonic() < deadline:
                pk = await sync_to_async(send)(user)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.2):
                        await client.until_arrived([pk])
                        return
        self.fail(f"nothing is heard live {LIVE_SECONDS} s after the layer is well")

    async def assert_endured(self, backend, trouble, recovery, newcomers=30):
        """The story of one outage, from the first newcomer in it to the last line in the log."""
        try:
            return await self.endure(backend, trouble, recovery, newcomers)
        finally:
            await self.disconnect()

    async def endure(self, backend, trouble, recovery, newcomers):
        with using(backend, self.redis.site_url):
            ada, *others = self.users
            # What the same burst takes on this machine when all is well, before and after.
            _, usual = await self.connect(others[:newcomers])
            await self.disconnect()
            [resident], _ = await self.connect([ada])
            with self.assertLogs("notifications", "WARNING") as logs:
                await asyncio.to_thread(trouble)
                clients, greeted = await self.connect(others[:newcomers])
                for user, client in [(ada, resident), (others[0], clients[0])]:
                    begun = time.monotonic()
                    pk = await sync_to_async(send)(user)
                    self.assertLess(time.monotonic() - begun, 1)
                    await client.until_arrived([pk])
                _, unwaited = await self.connect(others[newcomers : newcomers + 5])
                await asyncio.to_thread(recovery)
                await self.assert_live_again(ada, resident)
                await self.assert_live_again(others[0], clients[0])
            await self.disconnect()
            _, later = await self.connect(others[:newcomers])
            await self.disconnect()
        # The burst in trouble may meet a machine that has half as much time for it.
        usual = max(usual, later)
        self.assertLess(greeted, max(GREETED_SECONDS, 2 * usual + WAIT_SECONDS))
        self.assertLess(unwaited, max(NO_WAIT_SECONDS, 2 * usual))
        self.assertEqual(len(logs.records), 2, lines(logs))
        self.assertIn("Hints do not come through", lines(logs)[0])
        self.assertIn("Hints come through again", lines(logs)[1])
        return lines(logs)[0]


@tag("alone", "own_redis", "slow")
class RedisTroubleTests(TroubleTestCase):
    """The layer with hints, and the stock layers where the state concerns them."""

    async def test_300_newcomers_of_a_redis_that_hangs_wait_once_together(self):
        for backend in (OURS, CORE, PUBSUB):
            with self.subTest(backend):
                reason = await self.assert_endured(
                    backend, self.redis.suspend, self.redis.resume, newcomers=290
                )
                self.assertIn("has not answered for", reason)

    async def test_nobody_waits_for_a_redis_that_is_gone(self):
        for backend in (OURS, CORE, PUBSUB):
            with self.subTest(backend):
                await self.assert_endured(backend, self.redis.stop, self.redis.start)

    async def test_nobody_waits_for_a_redis_that_forbids_the_channels(self):
        reason = await self.assert_endured(
            OURS,
            lambda: self.redis.ask("ACL SETUSER site resetchannels"),
            lambda: self.redis.ask("ACL SETUSER site allchannels"),
        )
        self.assertIn("NoPermission", reason)

    async def test_nobody_waits_for_a_redis_that_forbids_the_channels_of_a_stock_layer(self):
        self.redis.ask("ACL SETUSER site resetchannels")
        with using(PUBSUB, self.redis.site_url), self.assertLogs("notifications") as logs:
            clients, seconds = await self.connect(self.users[:30])
            self.assertLess(seconds, GREETED_SECONDS)
            pk = await sync_to_async(send)(self.users[0])
            await clients[0].until_arrived([pk])
            await self.disconnect()
        self.assertEqual(len(logs.records), 1, lines(logs))

    async def test_nobody_waits_for_a_redis_that_forbids_to_subscribe(self):
        await self.assert_endured(
            OURS,
            lambda: self.redis.ask("ACL SETUSER site -subscribe", "CLIENT KILL USER site"),
            lambda: self.redis.ask("ACL SETUSER site +subscribe"),
        )

    async def test_nobody_waits_for_a_redis_that_forbids_to_publish(self):
        reason = await self.assert_endured(
            OURS,
            lambda: self.redis.ask("ACL SETUSER site -publish"),
            lambda: self.redis.ask("ACL SETUSER site +publish"),
        )
        self.assertIn("publish", reason)

    async def test_nobody_waits_for_a_redis_with_another_password(self):
        for backend in (OURS, CORE, PUBSUB):
            with self.subTest(backend):
                await self.assert_endured(
                    backend,
                    lambda: self.redis.ask(
                        "ACL SETUSER site resetpass >other", "CLIENT KILL USER site"
                    ),
                    lambda: self.redis.ask("ACL SETUSER site >secret"),
                )

    async def test_nobody_waits_for_a_redis_with_too_many_clients(self):
        for backend in (OURS, CORE, PUBSUB):
            with self.subTest(backend):
                await self.assert_endured(
                    backend,
                    lambda: self.redis.ask("CONFIG SET maxclients 1", "CLIENT KILL USER site"),
                    lambda: self.redis.ask("CONFIG SET maxclients 1000"),
                )

    async def test_nobody_waits_for_a_redis_without_memory(self):
        reason = await self.assert_endured(
            CORE,
            lambda: self.redis.ask("CONFIG SET maxmemory 1"),
            lambda: self.redis.ask("CONFIG SET maxmemory 0"),
        )
        self.assertIn("OutOfMemory", reason)

    async def test_hints_need_no_memory_of_redis(self):
        self.redis.ask("CONFIG SET maxmemory 1")
        with using(OURS, self.redis.site_url), self.assertNoLogs("notifications"):
            [client], _ = await self.connect(self.users[:1])
            await self.assert_live_again(self.users[0], client)
            await self.disconnect()

    async def test_nobody_waits_for_a_host_without_an_address(self):
        for backend in (OURS, CORE, PUBSUB):
            with self.subTest(backend), using(backend, "redis://nobody.invalid:6379"):
                with self.assertLogs("notifications", "WARNING") as logs:
                    clients, seconds = await self.connect(self.users[:30])
                    self.assertLess(seconds, GREETED_SECONDS)
                    pk = await sync_to_async(send)(self.users[0])
                    await clients[0].until_arrived([pk])
                    await self.disconnect()
                self.assertEqual(len(logs.records), 1, lines(logs))

    async def test_a_hub_that_starts_while_redis_hangs_greets_and_the_next_hub_at_once(self):
        await asyncio.to_thread(self.redis.suspend)
        for backend in (OURS, CORE):
            with self.subTest(backend), using(backend, self.redis.site_url):
                with self.assertLogs("notifications", "WARNING") as logs:
                    for limit in (GREETED_SECONDS, NO_WAIT_SECONDS, NO_WAIT_SECONDS):
                        _, seconds = await self.connect(self.users[:3])
                        self.assertLess(seconds, limit)
                        await self.disconnect()
                self.assertEqual(len(logs.records), 1, lines(logs))

"""A Redis, or one of several, that hangs, ends or loses a connection."""

import asyncio
import time
from threading import Event
from unittest import mock, skipUnless

from django.test import SimpleTestCase, override_settings, tag

from notifications.layers import RedisChannelLayer
from notifications.layers.breaker import LayerUnavailable
from notifications.layers.redis_pool import _Punctual

from ..services import PrivateRedis, redis_is_installed
from ..waiting import until
from .test_inprocess import Ear, ignore

BREAKER_SECONDS = 0.3


def background_tasks():
    """Those of the subscriptions of the running event loop."""
    return [task for task in asyncio.all_tasks() if "Shard." in repr(task.get_coro())]


@tag("slow")
@skipUnless(redis_is_installed(), "redis-server is not installed")
class ShardTroubleTests(SimpleTestCase):
    async def test_a_redis_shard_that_hangs_takes_no_hints_from_the_others(self):
        well, hung = self.enterContext(PrivateRedis()), self.enterContext(PrivateRedis())
        layer, ear, recovered = RedisChannelLayer([well.url, hung.url]), Ear(), asyncio.Event()
        groups = [f"user.{number}" for number in range(20)]
        on_well = [group for group in groups if layer.consistent_hash(group) == 0]
        self.assertTrue(0 < len(on_well) < 20)
        subscription = await layer.subscribe_hints(ear, recovered.set)
        with self.assertLogs("notifications.layers", "WARNING") as logs:
            hung.suspend()
            await subscription.join(groups)
            begun = time.perf_counter()
            await subscription.join(groups)
            self.assertLess(time.perf_counter() - begun, 0.8)
            with self.assertRaises(LayerUnavailable):
                await asyncio.to_thread(layer.publish_hints, [(b"x", groups)])
            await ear.until(len(on_well))
            self.assertCountEqual([group for group, _ in ear.heard], on_well)
            hung.resume()
            await asyncio.wait_for(recovered.wait(), 5)
        self.assertEqual(len(logs.records), 2)
        await asyncio.to_thread(layer.publish_hints, [(b"y", groups)])
        await until(lambda: {group for group, payload in ear.heard if payload == b"y"} == {*groups})
        await subscription.close()


@tag("slow")
@skipUnless(redis_is_installed(), "redis-server is not installed")
@override_settings(NOTIFICATIONS={"BREAKER_SECONDS": BREAKER_SECONDS})
class RedisTroubleTests(SimpleTestCase):
    def setUp(self):
        self.redis = self.enterContext(PrivateRedis())
        self.layer = RedisChannelLayer([self.redis.url])

    async def test_after_a_restart_of_redis_groups_are_joined_again_and_the_hub_is_told(self):
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

    async def test_the_end_of_an_outage_is_told_where_no_group_is_joined_meanwhile(self):
        recovered = asyncio.Event()
        subscription = await self.layer.subscribe_hints(Ear(), recovered.set)
        await subscription.join(["a"])
        with self.assertLogs("notifications.layers", "WARNING") as logs:
            await asyncio.to_thread(self.redis.stop)
            await until(lambda: self.layer._outage.has("hear 0"))
            await subscription.leave(["a"])
            await asyncio.to_thread(self.redis.start)
            await asyncio.wait_for(recovered.wait(), 10)
        self.assertEqual(len(logs.records), 2)
        await subscription.close()

    async def test_a_join_while_redis_is_down_does_not_hang(self):
        with self.assertLogs("notifications.layers", "WARNING"):
            await asyncio.to_thread(self.redis.stop)
            subscription = await self.layer.subscribe_hints(Ear(), ignore)
            async with asyncio.timeout(5):
                await subscription.join(["a"])
            await subscription.close()

    async def test_a_join_that_is_cancelled_takes_no_other_join_with_it(self):
        ear = Ear()
        subscription = await self.layer.subscribe_hints(ear, ignore)
        await subscription.join(["a"])
        with self.assertNoLogs("notifications.layers"):
            for _ in range(20):
                callers = [
                    asyncio.create_task(subscription.join(["b"])),
                    asyncio.create_task(subscription.leave(["c"])),
                    asyncio.create_task(subscription.join(["b", "d"])),
                ]
                await asyncio.sleep(0)
                callers[0].cancel()
                callers[1].cancel()
                await asyncio.wait_for(callers[2], 1)
                await asyncio.to_thread(self.layer.publish_hints, [(b"x", ["a", "b", "d"])])
            await ear.until(60)
        await subscription.close()

    async def test_a_task_of_the_subscription_that_ends_is_started_again(self):
        ear, recovered = Ear(), asyncio.Event()
        subscription = await self.layer.subscribe_hints(ear, recovered.set)
        await subscription.join(["a"])
        with (
            mock.patch("notifications.background.supervision.RESTART_SECONDS", 0.01),
            self.assertLogs("notifications.background.supervision", "ERROR") as logs,
        ):
            for task in background_tasks():
                task.cancel()
            await asyncio.wait_for(recovered.wait(), 5)
            await asyncio.to_thread(self.layer.publish_hints, [(b"x", ["a"])])
            await ear.until(1)
            await until(lambda: len(logs.records) == 2)
        self.assertEqual(len(background_tasks()), 2)
        await subscription.close()

    async def test_a_redis_that_answers_no_ping_is_left_and_heard_again_when_it_does(self):
        ear, recovered = Ear(), asyncio.Event()
        with mock.patch("notifications.layers.redis_subscription.PING_SECONDS", 0.1):
            subscription = await self.layer.subscribe_hints(ear, recovered.set)
            await subscription.join(["a"])
            with self.assertLogs("notifications.layers", "WARNING") as logs:
                self.redis.suspend()
                await until(lambda: logs.records)
                self.redis.resume()
                await asyncio.wait_for(recovered.wait(), 5)
        self.assertIn("answered no PING", logs.output[0])
        self.assertIn("again", logs.output[1])
        await asyncio.to_thread(self.publish_until_it_works, [(b"x", ["a"])])
        await ear.until(1)
        await subscription.close()

    async def test_a_process_that_was_stopped_for_a_while_keeps_its_connection_to_redis(self):
        ear = Ear()
        module = "notifications.layers.redis_subscription"
        with (
            mock.patch(f"{module}.PING_SECONDS", 0.1),
            mock.patch(f"{module}.ANSWER_SECONDS", 0.4),
            self.assertNoLogs("notifications.layers"),
        ):
            subscription = await self.layer.subscribe_hints(ear, lambda: self.fail("a gap"))
            await subscription.join(["a"])
            joining = asyncio.create_task(subscription.join(["b"]))
            await asyncio.sleep(0)
            await asyncio.to_thread(self.layer.publish_hints, [(b"x", ["a"])])
            Event().wait(0.8)  # the event loop stands still, as with SIGSTOP
            await joining
            await asyncio.sleep(0.5)  # time to miss some answers
            await ear.until(1)
        await subscription.close()

    async def test_a_lost_connection_to_redis_is_replaced_at_once_and_logged(self):
        recovered = asyncio.Event()
        subscription = await self.layer.subscribe_hints(Ear(), recovered.set)
        await subscription.join(["a"])
        with self.assertLogs("notifications.layers", "WARNING") as logs:
            self.redis.ask("CLIENT KILL TYPE pubsub")
            await asyncio.wait_for(recovered.wait(), 1)
        self.assertEqual(len(logs.records), 2)
        self.assertIn("Connection closed", logs.output[0])
        self.assertIn("again", logs.output[1])
        await subscription.close()

    async def test_after_an_outage_of_days_the_next_try_of_redis_is_a_moment_away(self):
        shard = (await self.layer.subscribe_hints(Ear(), ignore))._shards[0]
        with self.assertLogs("notifications.layers", "WARNING"):
            pauses = [shard._failed(OSError("down")) for _ in range(3000)]
        self.assertLessEqual(max(pauses), 2)
        await shard.close()

    def test_a_name_server_that_does_not_answer_is_not_waited_for(self):
        layer = RedisChannelLayer(["redis://redis.example:6379"])
        answer = Event()
        self.addCleanup(answer.set)
        with (
            override_settings(NOTIFICATIONS={"PUBLISH_TIMEOUT_SECONDS": 0.2}),
            mock.patch("socket.getaddrinfo", side_effect=lambda *_: answer.wait(20) and []),
            self.assertLogs("notifications.layers", "WARNING"),
        ):
            begun = time.perf_counter()
            with self.assertRaises(LayerUnavailable):
                layer.publish_hints([(b"x", ["a"])])
            self.assertLess(time.perf_counter() - begun, 1)

    def test_a_redis_that_hangs_is_waited_for_once_whoever_publishes(self):
        self.redis.suspend()
        begun = time.perf_counter()
        with (
            override_settings(NOTIFICATIONS={"PUBLISH_TIMEOUT_SECONDS": 0.2}),
            self.assertLogs("notifications.layers", "WARNING") as logs,
        ):
            for _ in range(100):
                with self.assertRaises(LayerUnavailable):
                    self.layer.publish_hints([(b"x", ["a"])])
        # To wait each time would take 20 seconds.
        self.assertLess(time.perf_counter() - begun, 2)
        self.assertEqual(len(logs.records), 1)
        self.redis.resume()

    def test_a_dead_redis_is_asked_once_and_then_left_alone_for_a_while(self):
        self.redis.stop()
        self.enterContext(self.assertLogs("notifications.layers", "WARNING"))
        with self.assertRaises(LayerUnavailable):
            self.layer.publish_hints([(b"x", ["a"])])
        begun, connect, asked = time.monotonic(), _Punctual._connect, []
        with mock.patch.object(_Punctual, "_connect", lambda c: asked.append(1) or connect(c)):
            for _ in range(100):
                with self.assertRaises(LayerUnavailable):
                    self.layer.publish_hints([(b"x", ["a"])])
        self.assertLessEqual(len(asked), (time.monotonic() - begun) / BREAKER_SECONDS + 1)
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

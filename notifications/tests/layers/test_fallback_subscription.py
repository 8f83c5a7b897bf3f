"""A layer of somebody else, which hangs, fails and forgets."""

import asyncio
import time
from unittest import mock

from channels.layers import InMemoryChannelLayer
from django.test import SimpleTestCase

from notifications.layers.fallback import GroupSendHints

from ..waiting import until
from .test_inprocess import Ear

MODULE = "notifications.layers.fallback_subscription"


class MoodyLayer(InMemoryChannelLayer):
    """The stock layer in memory; `well` is whether its server answers, `error` what it says."""

    def __init__(self):
        super().__init__()
        self.well = asyncio.Event()
        self.well.set()
        self.error = None

    async def new_channel(self, prefix="specific."):
        await self._answer()
        return await super().new_channel(prefix)

    async def group_add(self, group, channel):
        await self._answer()
        await super().group_add(group, channel)

    async def group_discard(self, group, channel):
        await self._answer()
        await super().group_discard(group, channel)

    async def group_send(self, group, message):
        await self._answer()
        await super().group_send(group, message)

    def members(self, group):
        return len(self.groups.get(group, ()))

    async def _answer(self):
        if self.error is not None:
            raise self.error
        await self.well.wait()


class FallbackTroubleTests(SimpleTestCase):
    def setUp(self):
        for name, seconds in (("ANSWER", 0.5), ("CALL", 0.2), ("RETRY", 0.05), ("PING", 0.05)):
            self.enterContext(mock.patch(f"{MODULE}.{name}_SECONDS", seconds))
        self.ear = Ear()
        self.recoveries = 0

    def recovered(self):
        self.recoveries += 1

    async def subscribe(self, *groups):
        self.layer = MoodyLayer()
        self.hints = GroupSendHints(self.layer)
        self.subscription = await self.hints.subscribe_hints(self.ear, self.recovered)
        await self.subscription.join(groups)
        return self.subscription

    async def timed(self, call):
        begun = time.monotonic()
        await call
        return time.monotonic() - begun

    async def assert_hears(self, group):
        payload = str(time.monotonic_ns()).encode()
        self.hints.publish_hints([(payload, [group])])
        await until(lambda: (group, payload) in self.ear.heard)

    async def test_a_layer_whose_server_hangs_is_waited_for_once(self):
        subscription = await self.subscribe("a")
        with self.assertLogs("notifications.layers", "WARNING") as logs:
            self.layer.well.clear()
            self.assertLess(await self.timed(subscription.join(["b"])), 2)
            for number in range(20):
                self.assertLess(await self.timed(subscription.join([f"c{number}"])), 0.4)
            await subscription.leave(["a"])
            self.layer.well.set()
            await until(lambda: self.recoveries)
        self.assertEqual(len(logs.records), 2)
        for group in ("b", "c0", "c19"):
            await self.assert_hears(group)
        self.assertEqual(self.layer.members("a"), 0)
        await subscription.close()

    async def test_a_layer_whose_server_refuses_is_not_waited_for(self):
        subscription = await self.subscribe("a")
        with self.assertLogs("notifications.layers", "WARNING") as logs:
            self.layer.error = RuntimeError("out of memory")
            self.assertLess(await self.timed(subscription.join(["b"])), 0.4)
            self.assertLess(await self.timed(subscription.join(["c"])), 0.4)
            self.layer.error = None
            await until(lambda: self.recoveries)
        self.assertIn("RuntimeError: out of memory", logs.output[0])
        self.assertEqual(len(logs.records), 2)
        for group in ("a", "b", "c"):
            await self.assert_hears(group)
        await subscription.close()

    async def test_a_layer_that_forgets_its_groups_is_told_them_again(self):
        subscription = await self.subscribe("a", "b")
        await until(lambda: self.layer.members("b"))
        with self.assertLogs("notifications.layers", "WARNING"):
            self.layer.groups.clear()
            await until(lambda: self.recoveries)
        for group in ("a", "b"):
            await self.assert_hears(group)
        await subscription.close()

    async def test_a_layer_that_hangs_from_the_start_makes_no_caller_hang(self):
        self.layer = MoodyLayer()
        self.layer.well.clear()
        hints = GroupSendHints(self.layer)
        with self.assertLogs("notifications.layers", "WARNING"):
            for limit in (2, 0.4):
                subscription = await hints.subscribe_hints(self.ear, self.recovered)
                self.assertLess(await self.timed(subscription.join(["a"])), limit)
                await subscription.close()

    async def test_a_join_that_is_cancelled_takes_no_other_join_with_it(self):
        subscription = await self.subscribe("a")
        callers = [asyncio.create_task(subscription.join([group])) for group in ("b", "b", "c")]
        await asyncio.sleep(0)
        callers[0].cancel()
        await asyncio.wait_for(asyncio.gather(*callers[1:]), 1)
        for group in ("a", "b", "c"):
            await self.assert_hears(group)
        await subscription.close()

    async def test_a_task_of_the_subscription_that_ends_is_started_again(self):
        subscription = await self.subscribe("a")
        with (
            mock.patch("notifications.background.supervision.RESTART_SECONDS", 0.01),
            self.assertLogs("notifications.background.supervision", "ERROR") as logs,
        ):
            tasks = [t for t in asyncio.all_tasks() if "GroupSendSub" in repr(t.get_coro())]
            self.assertEqual(len(tasks), 4)
            for task in tasks:
                task.cancel()
            await until(lambda: len(logs.records) == 4)
            await subscription.join(["b"])
        for group in ("a", "b"):
            await self.assert_hears(group)
        await subscription.close()

    async def test_a_message_of_the_layer_that_is_no_hint_is_ignored(self):
        subscription = await self.subscribe("a")
        await until(lambda: self.layer.members("a"))
        for message in ({"type": "x"}, {"group": "a"}, {"group": 1, "payload": "x"}):
            await self.layer.group_send("a", message)
        with self.assertNoLogs("notifications"):
            await self.assert_hears("a")
        self.assertEqual(len(self.ear.heard), 1)
        await subscription.close()

    async def test_members_of_groups_are_renewed_before_the_layer_evicts_them(self):
        self.layer = MoodyLayer()
        self.layer.group_expiry = 0.2
        hints = GroupSendHints(self.layer)
        subscription = await hints.subscribe_hints(self.ear, self.recovered)
        await subscription.join(["a"])
        await until(lambda: self.recoveries >= 2)
        await subscription.close()
        self.assertEqual(self.layer.groups, {})

    async def test_publishing_hints_to_a_server_that_hangs_waits_once(self):
        layer = MoodyLayer()
        layer.well.clear()
        hints = GroupSendHints(layer)

        def publish():
            begun = time.monotonic()
            for _ in range(20):
                with self.assertRaises(ConnectionError):
                    hints.publish_hints([(b"x", ["a", "b"])])
            return time.monotonic() - begun

        with (
            self.settings(NOTIFICATIONS={"PUBLISH_TIMEOUT_SECONDS": 0.2}),
            self.assertLogs("notifications.layers", "WARNING") as logs,
        ):
            self.assertLess(await asyncio.to_thread(publish), 1)
        self.assertEqual(len(logs.records), 1)

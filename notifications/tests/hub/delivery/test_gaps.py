import asyncio
import contextlib
import threading

from channels.layers import get_channel_layer
from django.db.models.functions import Now
from django.test import override_settings, tag

from notifications.hub import get_hub
from notifications.layers import InProcessChannelLayer, get_hints_layer
from notifications.models import Delivery, Notification
from notifications.send import anotify
from notifications.tests.clients import MemoryClient
from notifications.tests.hubs import HubTestCase, quick, write_rows
from notifications.tests.waiting import until
from notifications.wire import hints


class SlowToJoin(InProcessChannelLayer):
    """A layer that confirms groups when it is let."""

    def __init__(self, **config):
        super().__init__(**config)
        self.confirms = asyncio.Event()

    async def subscribe_hints(self, receive, recovered):
        subscription = await super().subscribe_hints(receive, recovered)
        join = subscription.join

        async def join_slowly(groups):
            await join(groups)
            await self.confirms.wait()

        subscription.join = join_slowly
        return subscription


@quick(SWEEP_SECONDS=0.1)
class MissedHintTests(HubTestCase):
    """Hints that got lost, of what a device of another process has acknowledged first."""

    async def acknowledged_elsewhere(self, count):
        ids = await write_rows([self.ada], count)
        await Delivery.objects.aupdate(delivered_at=Now())
        return ids

    @tag("slow")
    async def test_a_connected_client_gets_a_notification_whose_hint_was_lost(self):
        async with self.connected(self.ada) as client:
            ids = await self.acknowledged_elsewhere(3)
            await client.until_arrived(ids)
            later = await self.acknowledged_elsewhere(1)
            await client.until_arrived(later)

    @tag("slow")
    async def test_a_notification_that_committed_late_and_was_acknowledged_elsewhere_is_counted(
        self,
    ):
        [first, newest] = await self.acknowledged_elsewhere(2)
        await Notification.objects.filter(pk=first).adelete()
        async with self.connected(self.ada) as client:
            self.assertEqual(client.of("hello")[0]["unread"], 1)
            late = await Notification.objects.acreate(pk=first, title="late")
            await Delivery.objects.acreate(
                recipient=self.ada, notification=late, delivered_at=Now()
            )
            state = await client.until_frame("state")
            self.assertEqual((state["unread"], state["upto"]), (2, newest))

    @tag("slow")
    async def test_a_notification_whose_hint_was_lost_is_pushed_once(self):
        async with self.connected(self.ada) as client:
            ids = await self.acknowledged_elsewhere(1)
            await client.until_arrived(ids)
            client.ack(ids)
            last = await self.acknowledged_elsewhere(1)
            await client.until_arrived(last)
            self.assertEqual(client.arrived, [*ids, *last])

    async def test_a_client_that_came_later_finds_a_missed_notification_only_in_the_list(self):
        async with self.connected(self.bob) as bob:
            await self.acknowledged_elsewhere(2)
            async with self.connected(self.ada) as client:
                live = await anotify([self.ada, self.bob], "live")
                await bob.until_arrived([live.pk])
                await self.acknowledged_elsewhere(1)
                await client.until(lambda: len(client.arrived) == 2, "the live one and the last")
                self.assertEqual(client.arrived[0], live.pk)

    @quick(SWEEP_SECONDS=0.1, WINDOW=2)
    async def test_a_client_without_credit_gets_a_missed_notification_after_its_acks(self):
        async with self.connected(self.ada) as client:
            live = [(await anotify([self.ada], "live")).pk for _ in range(2)]
            await client.until_arrived(live)
            ids = await self.acknowledged_elsewhere(2)
            [socket] = get_hub().sockets.of(self.ada.pk)
            await client.until(lambda: len(socket.held) == 2, "what is held")
            self.assertEqual(client.arrived, live)
            client.ack()
            await client.until_arrived(ids)

    @tag("slow")
    async def test_a_hint_that_was_heard_for_another_user_hides_no_lost_hint(self):
        async with self.connected(self.ada) as ada, self.connected(self.bob) as bob:
            [number] = await write_rows([self.ada, self.bob], 1)
            await Delivery.objects.aupdate(delivered_at=Now())
            notification = await Notification.objects.aget()
            hint = hints.encode(hints.Notified(number, notification.frame()))
            get_hints_layer().publish_hints([(hint, [hints.user_group(self.bob.pk)])])
            await ada.until_arrived([number])
            bob.ack()
            last = await self.acknowledged_elsewhere(1)
            await ada.until_arrived(last)
            self.assertEqual((ada.arrived, bob.arrived), ([number, *last], [number]))

    @quick(SWEEP_SECONDS=60)
    async def test_a_look_that_is_under_way_when_ids_begin_anew_leaves_nothing_of_the_old_ones(
        self,
    ):
        async with self.connected(self.ada):
            gaps, heard = get_hub()._gaps, get_hub()._heard
            ids = await self.acknowledged_elsewhere(1)
            for reached in (self.first_query, self.second_query):
                await gaps.fill()
                looking = asyncio.create_task(gaps.fill())
                async with reached():
                    gaps.forget()
                await looking
                self.assertEqual((list(gaps._newest), heard.incomplete(ids)), ([], ids))

    @contextlib.asynccontextmanager
    async def first_query(self):
        await asyncio.sleep(0)  # it is asked
        yield

    @contextlib.asynccontextmanager
    async def second_query(self):
        """It stands behind a job that lasts as long as the context."""
        worker, begun, release = get_hub()._worker, threading.Event(), threading.Event()
        await asyncio.sleep(0)
        between = asyncio.create_task(worker.run(lambda: begun.set() or release.wait()))
        try:
            await until(lambda: begun.is_set() and worker._executor._work_queue.qsize(), "it")
            yield
        finally:
            release.set()
            await between

    @override_settings(CHANNEL_LAYERS={"default": {"BACKEND": f"{__name__}.SlowToJoin"}})
    async def test_a_client_not_greeted_yet_finds_a_missed_notification_only_in_the_list(self):
        layer = get_channel_layer()
        layer.confirms.set()
        async with self.connected(self.bob) as bob:
            layer.confirms.clear()
            newcomer = MemoryClient(self.ada)
            greeted = asyncio.create_task(newcomer.connect())
            hub = get_hub()
            await bob.until(lambda: hub.sockets.of(self.ada.pk), "the socket")
            ids = await self.acknowledged_elsewhere(1)
            await bob.until(lambda: not hub._heard.incomplete(ids), "the look at it")
            layer.confirms.set()
            await greeted
            live = await anotify([self.ada], "live")
            await newcomer.until_arrived([live.pk])
            await newcomer.disconnect()
        self.assertEqual(newcomer.arrived, [live.pk])

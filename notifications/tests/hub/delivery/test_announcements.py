from datetime import timedelta

from django.db.models.functions import Now

from notifications.layers import get_hints_layer
from notifications.models import Delivery, Notification
from notifications.send import anotify
from notifications.store.recipients import ACKNOWLEDGED_LATELY_SECONDS
from notifications.tests.hubs import HubTestCase, User, quick, write_rows
from notifications.wire import hints


@quick(WINDOW=4)
class AnnouncementTests(HubTestCase):
    async def announce(self, *ids):
        """Rows that all hubs hear of in the same moment."""
        batch = [
            (hints.encode(hints.Announced(notification.pk, notification.frame())), [hints.HUBS])
            async for notification in Notification.objects.filter(pk__in=ids).order_by("pk")
        ]
        get_hints_layer().publish_hints(batch)

    async def test_announcements_of_the_same_moment_come_in_one_frame(self):
        async with self.connected(self.ada) as ada, self.connected(self.bob) as bob:
            both = await write_rows([self.ada, self.bob], 2)
            hers = await write_rows([self.ada], 1)
            await self.announce(*both, *hers)
            await ada.until_arrived([*both, *hers])
            await bob.until_arrived(both)
            self.assertEqual([f["type"] for f in ada.frames], ["hello", "batch"])
            self.assertEqual(bob.arrived, both)

    async def test_announcements_beyond_the_window_follow_the_acks(self):
        async with self.connected(self.ada) as client:
            ids = await write_rows([self.ada], 6)
            await self.announce(*ids)
            await client.until_arrived(ids[:4])
            await client.settle()
            self.assertEqual(client.arrived, ids[:4])
            client.ack()
            await client.until_arrived(ids)
            self.assertEqual(client.arrived, ids)

    async def test_announcements_during_a_replay_come_after_the_queue(self):
        stored = await write_rows([self.ada], 5)
        async with self.connected(self.ada) as client:
            await client.until_arrived(stored[:4])
            new = await write_rows([self.ada], 2)
            await self.announce(*new)
            await client.settle()
            self.assertEqual(client.arrived, stored[:4])
            client.ack()
            await client.until_arrived([*stored, *new])
            self.assertEqual(client.arrived, [*stored, *new])

    async def test_announcements_to_an_auto_ack_client_are_marked_as_delivered(self):
        async with self.connected(self.ada, query="ack=auto") as client:
            ids = await write_rows([self.ada], 3)
            await self.announce(*ids)
            await client.until_arrived(ids)
            await self.until_queued(self.ada, [])

    async def test_a_client_that_does_not_read_gets_announcements_later(self):
        async with self.connected(self.ada) as ada, self.connected(self.bob) as bob:
            ada.reading.clear()
            first = await anotify([self.ada], "takes the wire")
            ids = await write_rows([self.ada, self.bob], 2)
            await self.announce(*ids)
            await bob.until_arrived(ids)
            ada.reading.set()
            await ada.until_arrived([first.pk, *ids])
            self.assertEqual(ada.arrived, [first.pk, *ids])

    async def test_an_announcement_acknowledged_by_another_device_still_reaches_this_one(self):
        async with self.connected(self.ada) as client:
            ids = await write_rows([self.ada], 2)
            await Delivery.objects.aupdate(delivered_at=Now())  # by the client of a quicker hub
            await self.announce(*ids)
            await client.until_arrived(ids)

    async def test_a_key_sent_again_is_not_pushed_to_users_who_had_it_long_ago(self):
        everybody = User.objects.filter(username__in=["ada", "bob"])
        first = await anotify(everybody.filter(username="ada"), "once", key="k")
        long_ago = Now() - timedelta(seconds=2 * ACKNOWLEDGED_LATELY_SECONDS)
        await Delivery.objects.aupdate(delivered_at=long_ago)
        async with self.connected(self.ada) as ada, self.connected(self.bob) as bob:
            await anotify(everybody, "once", key="k")
            await bob.until_arrived([first.pk])
            await ada.settle()
            self.assertEqual(ada.arrived, [])

from notifications import hints
from notifications.layers import get_hints_layer
from notifications.models import Notification
from notifications.send import anotify

from .hub import HubTestCase, quick, write_rows


@quick(WINDOW=4)
class AnnouncementTests(HubTestCase):
    async def announce(self, *ids):
        """Rows that all hubs hear of in the same moment."""
        batch = [
            (hints.encode(hints.Announced(notification.pk, notification.frame())), [hints.HUBS])
            async for notification in Notification.objects.filter(pk__in=ids).order_by("pk")
        ]
        get_hints_layer().publish_hints(batch)

    async def test_those_of_the_same_moment_come_in_one_frame(self):
        async with self.connected(self.ada) as ada, self.connected(self.bob) as bob:
            both = await write_rows([self.ada, self.bob], 2)
            hers = await write_rows([self.ada], 1)
            await self.announce(*both, *hers)
            await ada.until_arrived([*both, *hers])
            await bob.until_arrived(both)
            self.assertEqual([f["type"] for f in ada.frames], ["hello", "batch"])
            self.assertEqual(bob.arrived, both)

    async def test_what_has_no_credit_follows_the_acks(self):
        async with self.connected(self.ada) as client:
            ids = await write_rows([self.ada], 6)
            await self.announce(*ids)
            await client.until_arrived(ids[:4])
            await client.settle()
            self.assertEqual(client.arrived, ids[:4])
            client.ack()
            await client.until_arrived(ids)
            self.assertEqual(client.arrived, ids)

    async def test_during_a_replay_they_wait_behind_it(self):
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

    async def test_a_client_that_sends_no_acks_has_them_delivered(self):
        async with self.connected(self.ada, query="ack=auto") as client:
            ids = await write_rows([self.ada], 3)
            await self.announce(*ids)
            await client.until_arrived(ids)
            await self.until_queued(self.ada, [])

    async def test_a_client_that_does_not_read_gets_them_later(self):
        async with self.connected(self.ada) as ada, self.connected(self.bob) as bob:
            ada.reading.clear()
            first = await anotify([self.ada], "takes the wire")
            ids = await write_rows([self.ada, self.bob], 2)
            await self.announce(*ids)
            await bob.until_arrived(ids)
            ada.reading.set()
            await ada.until_arrived([first.pk, *ids])
            self.assertEqual(ada.arrived, [first.pk, *ids])

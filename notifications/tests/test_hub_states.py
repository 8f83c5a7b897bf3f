from notifications.models import Delivery

from .hub import HubTestCase, quick, write_rows


@quick()
class StateTests(HubTestCase):
    async def test_reading_in_one_tab_reaches_the_others_with_a_count(self):
        stored = await write_rows([self.ada], 3)
        async with self.connected(self.ada) as tab, self.connected(self.ada) as other:
            self.assertEqual(other.of("hello")[0]["unread"], 3)
            tab.send({"type": "read", "ids": stored[:1]})
            state = await other.until_frame("state")
            self.assertEqual(state, {"type": "state", "unread": 2, "read": stored[:1]})
        delivery = await Delivery.objects.aget(notification_id=stored[0])
        self.assertTrue(delivery.delivered_at and delivery.seen_at and delivery.read_at)

    async def test_archiving_and_seeing_imply_delivery(self):
        first, second = await write_rows([self.ada], 2)
        async with self.connected(self.ada) as tab:
            tab.send({"type": "archive", "ids": [first]})
            tab.send({"type": "seen", "ids": [second]})
            await self.until_queued(self.ada, [])
        archived = await Delivery.objects.aget(notification_id=first)
        seen = await Delivery.objects.aget(notification_id=second)
        self.assertEqual((archived.state, archived.read_at), ("archived", None))
        self.assertEqual(seen.state, "seen")

    async def test_read_all_takes_what_was_delivered_up_to_an_id(self):
        stored = await write_rows([self.ada], 3)
        async with self.connected(self.ada) as tab:
            await tab.until_arrived(stored)
            tab.ack()
            tab.send({"type": "read_all", "upto": stored[1]})
            state = await tab.until_frame("state")
            self.assertEqual((state["unread"], sorted(state["read"])), (1, stored[:2]))

from .hub import HubTestCase, quick, write_rows


@quick(MAX_QUEUED=3)
class QueueLimitTests(HubTestCase):
    async def test_who_connects_is_told_how_many_were_dropped(self):
        stored = await write_rows([self.ada], 5)
        async with self.connected(self.ada) as client:
            await client.until_arrived(stored[2:])
            hello = client.of("hello")[0]
            self.assertEqual((hello["queued"], hello["dropped"], hello["unread"]), (3, 2, 3))
            self.assertEqual(client.arrived, stored[2:])

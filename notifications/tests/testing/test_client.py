import asyncio
from unittest import mock

from notifications.send import anotify
from notifications.testing import SocketClient, client, connected

from ..hubs import HubTestCase, quick


@quick()
class SocketClientTests(HubTestCase):
    async def test_a_connected_client_hears_and_acknowledges_what_is_sent(self):
        async with connected(self.ada) as page:
            sent = await anotify(self.ada, "Hello")
            await page.until_arrived([sent.pk])
            page.ack()
            await self.until_queued(self.ada, [])
        self.assertEqual([one["title"] for one in page.notifications], ["Hello"])

    async def test_a_client_that_the_server_refuses_has_the_code_of_the_close(self):
        page = await SocketClient().connect()
        await page.until_closed(403)
        with self.assertRaisesRegex(AssertionError, "closed with"):
            await page.until_closed(1000)
        await page.disconnect()

    async def test_a_condition_that_does_not_come_true_is_named_with_what_came(self):
        async with connected(self.ada) as page:
            with (
                mock.patch.object(client, "LIMIT_SECONDS", 0.05),
                self.assertRaisesRegex(AssertionError, "waited for a miracle; got .*hello"),
            ):
                await page.until(lambda: False, "a miracle")

    async def test_a_client_looks_at_its_own_frames_only_when_there_is_a_new_one(self):
        """300 that looked 100 times a second left hardly any time to the hub's database thread."""
        looks = []

        class Counting(SocketClient):
            def of(self, kind):
                looks.append(kind)
                return super().of(kind)

        page = await Counting(self.ada).connect()
        with (
            mock.patch.object(client, "LIMIT_SECONDS", 20 * client.LOOK_SECONDS),
            self.assertRaisesRegex(AssertionError, "waited for a frame edited"),
        ):
            await page.until_frame("edited")
        self.assertEqual(looks, ["edited"])
        await page.disconnect()

    async def test_a_client_that_stalls_takes_nothing_until_it_reads_again(self):
        async with connected(self.ada) as page:
            page.reading.clear()
            sent = await anotify(self.ada, "Hello")
            await asyncio.sleep(0)
            self.assertEqual(page.arrived, [])
            page.reading.set()
            await page.until_arrived([sent.pk])

import asyncio

from notifications.hub import get_hub
from notifications.layers import get_hints_layer
from notifications.models import Notification
from notifications.send import anotify
from notifications.wire import hints

from ...clients import MemoryClient
from ...hubs import HubTestCase, quick, write_rows


class StallsAfterAccept(MemoryClient):
    """A client that does not take its hello at once."""

    async def _send(self, message):
        await super()._send(message)
        if message["type"] == "websocket.accept":
            self.reading.clear()


@quick(WINDOW=4)
class SocketCreditTests(HubTestCase):
    async def test_a_client_that_does_not_ack_gets_a_window_and_no_more(self):
        async with self.connected(self.ada) as client:
            ids = [(await anotify([self.ada], "n")).pk for _ in range(10)]
            await client.until_arrived(ids[:4])
            await client.settle()
            self.assertEqual(client.arrived, ids[:4])
            client.ack()
            await client.until_arrived(ids[:8])

    async def test_a_second_device_gets_what_the_first_has_acknowledged_meanwhile(self):
        async with self.connected(self.ada) as quick, self.connected(self.ada) as slow:
            ids = []
            for _ in range(10):
                ids.append((await anotify([self.ada], "n")).pk)
                await quick.until_arrived(ids)
                quick.ack(ids[-1:])
            await self.until_queued(self.ada, [])
            self.assertEqual(slow.arrived, ids[:4])
            slow.ack()
            await slow.until_arrived(ids[:8])
            slow.ack()
            await slow.until_arrived(ids)
            self.assertEqual(slow.arrived, ids)

    async def test_a_device_that_missed_more_than_is_remembered_is_told_to_resync(self):
        async with self.connected(self.ada) as client:
            group = hints.user_group(self.ada.pk)
            frames = [
                hints.encode(hints.Notified(n, f'{{"type":"notification","id":{n}}}'))
                for n in range(1, 1100)
            ]
            get_hints_layer().publish_hints([(frame, [group]) for frame in frames[:4]])
            await client.until(lambda: len(client.frames) == 5, "a window")
            get_hints_layer().publish_hints([(frame, [group]) for frame in frames[4:]])
            await client.settle()
            client.ack([1, 2, 3, 4])
            await client.until_frame("resync")

    async def test_a_client_that_does_not_read_keeps_no_other_client_waiting(self):
        async with self.connected(self.ada) as stuck, self.connected(self.bob) as other:
            stuck.reading.clear()
            ids = [(await anotify([self.ada, self.bob], "n")).pk for _ in range(4)]
            await other.until_arrived(ids)
            self.assertEqual(stuck.arrived, [])
            stuck.reading.set()
            await stuck.until_arrived(ids[:1])
            other.ack()
            stuck.ack()
            await stuck.until_arrived(ids)

    async def test_a_client_that_reads_again_gets_what_was_held_without_asking(self):
        async with self.connected(self.ada) as stuck:
            stuck.reading.clear()
            ids = [(await anotify([self.ada], "n")).pk for _ in range(3)]
            [socket] = get_hub().sockets.of(self.ada.pk)
            await stuck.until(lambda: len(socket.held) == 2, "what cannot be sent now")
            stuck.reading.set()
            await stuck.until_arrived(ids)

    async def test_a_long_replay_goes_on_when_its_client_reads_again(self):
        stored = await write_rows([self.ada], 6)
        await Notification.objects.aupdate(body="x" * 8000)
        stuck = StallsAfterAccept(self.ada)
        connecting = asyncio.ensure_future(stuck.connect())
        sockets = get_hub().sockets
        await stuck.until(lambda: sockets.of(self.ada.pk), "the hub to know the user")
        stuck.reading.set()
        await connecting
        await stuck.until_arrived(stored[:4])
        stuck.ack()
        await stuck.until_arrived(stored)
        self.assertEqual(stuck.arrived, stored)
        await stuck.disconnect()

    async def test_a_client_that_reads_nothing_but_asks_on_is_abandoned(self):
        async with self.connected(self.ada) as stuck:
            stuck.reading.clear()
            for _ in range(40):
                stuck.send({"type": "ping"})
            await stuck.until(stuck._task.done, "the consumer's end")

    async def test_auto_ack_counts_sending_as_delivery(self):
        async with self.connected(self.ada, query="ack=auto") as client:
            notification = await anotify([self.ada], "n")
            await client.until_arrived([notification.pk])
            await self.until_queued(self.ada, [])

    @quick(WINDOW=4)
    async def test_auto_ack_sends_a_window_per_sweep(self):
        ids = await write_rows([self.ada], 10)
        async with self.connected(self.ada, query="ack=auto") as client:
            for upto in (4, 8, 10):
                await client.until_arrived(ids[:upto])
                await client.settle()
                self.assertEqual(client.arrived, ids[:upto])
                get_hub()._sweep.soon()
            await self.until_queued(self.ada, [])

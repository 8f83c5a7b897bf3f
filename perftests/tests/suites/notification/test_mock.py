import asyncio
import json
import time

from django.contrib.auth.models import User
from django.test import TransactionTestCase, override_settings

from notifications.models import Delivery
from notifications.send import anotify
from notifications.tickets import make_ticket
from notifications.wire.protocol import CloseCode
from perftests.suites.notification.mock import MockRefused, MockWebSocketConnection

QUICK = {"ACK_FLUSH_SECONDS": 0.01, "SWEEP_SECONDS": 60}
LIMIT_SECONDS = 30


@override_settings(NOTIFICATIONS=QUICK)
class MockWebSocketConnectionTests(TransactionTestCase):
    def setUp(self):
        self.user = User.objects.create(username="ada")

    async def connect(self, **options):
        mock = MockWebSocketConnection(make_ticket(self.user), **options)
        await mock.connect()
        return mock

    async def send(self, count):
        return [(await anotify(self.user, f"Hello {n}", body="x" * 100)).pk for n in range(count)]

    async def until(self, condition):
        async with asyncio.timeout(LIMIT_SECONDS):
            while not condition():
                await asyncio.sleep(0.005)

    async def test_a_mock_connection_is_greeted_by_the_hub(self):
        mock = await self.connect()
        await mock.disconnect()
        hello = json.loads(mock.frames[0])
        self.assertEqual((hello["type"], hello["queued"]), ("hello", 0))
        self.assertEqual(len(mock.frames_ns), 1)

    async def test_a_mock_connection_records_what_arrives_and_when(self):
        mock = await self.connect()
        before_ns = time.perf_counter_ns()

        ids = await self.send(3)
        await mock.wait_for(3)

        await mock.disconnect()
        self.assertEqual(mock.arrived_ids, ids)
        stamps = [before_ns, *mock.arrived_ns, time.perf_counter_ns()]
        self.assertEqual(stamps, sorted(stamps))
        self.assertEqual((mock.duplicates, mock.out_of_order), (0, 0))

    async def test_a_mock_connection_gets_the_queue_in_batches(self):
        ids = await self.send(5)
        mock = await self.connect()
        await mock.wait_for(5)
        await mock.disconnect()
        self.assertEqual(mock.arrived_ids, ids)
        self.assertEqual([json.loads(f)["type"] for f in mock.frames], ["hello", "batch"])

    async def test_notifications_that_a_mock_connection_acknowledges_are_delivered(self):
        mock = await self.connect()
        await self.send(3)
        await mock.wait_for(3)
        async with asyncio.timeout(LIMIT_SECONDS):
            while await Delivery.objects.queued().aexists():
                await asyncio.sleep(0.005)
        await mock.disconnect()

    async def test_a_mock_connection_acknowledges_only_when_told_to(self):
        mock = await self.connect(ack=False)
        ids = await self.send(70)
        await mock.wait_for(64)
        self.assertEqual(mock.arrived_ids, ids[:64])

        mock.acknowledge()

        await mock.wait_for(70)
        await mock.disconnect()
        self.assertEqual(await Delivery.objects.queued().acount(), 6)

    async def test_a_mock_connection_counts_what_comes_again_and_what_comes_late(self):
        mock = MockWebSocketConnection("", ack=False)
        for id_ in (1, 3, 2, 3):
            await mock._send({"type": "websocket.send", "text": frame(id_)})
        self.assertEqual(mock.arrived_ids, [1, 3, 2])
        self.assertEqual((mock.duplicates, mock.out_of_order), (1, 1))

    async def test_a_slow_mock_connection_takes_its_time_for_each_frame(self):
        begun_ns = time.perf_counter_ns()
        slow, quick = await self.connect(frame_seconds=0.1), await self.connect()
        await self.until(lambda: slow.frames)
        self.assertGreater(slow.frames_ns[0] - begun_ns, 100_000_000)

        await self.send(1)
        await quick.wait_for(1)
        await slow.wait_for(1)

        self.assertGreater(slow.arrived_ns[0] - quick.arrived_ns[0], 90_000_000)
        await quick.disconnect()
        await slow.disconnect()

    async def test_a_mock_connection_knows_with_which_code_it_was_closed(self):
        mock = await self.connect()
        await self.user.adelete()
        await self.until(lambda: mock.close_code)
        await mock.disconnect()
        self.assertEqual(mock.close_code, CloseCode.SIGNED_OUT)

    async def test_a_mock_connection_with_a_forged_ticket_is_refused(self):
        with self.assertRaisesRegex(MockRefused, "refused the connection with code 4401"):
            await MockWebSocketConnection("forged").connect()

    async def test_a_mock_connection_stops_waiting_for_what_does_not_come(self):
        mock = await self.connect()
        with self.assertRaises(TimeoutError):
            await mock.wait_for(1, timeout_seconds=0.01)
        await mock.disconnect()


def frame(id_):
    return json.dumps({"type": "notification", "id": id_})

import asyncio
import contextlib
from unittest import mock

from asgiref.sync import async_to_sync
from django.test import tag

from notifications.hub import get_hub
from notifications.hub.database.connection import HubConnection
from notifications.models import Delivery, Notification
from notifications.send import anotify
from notifications.tests.clients import MemoryClient
from notifications.tests.hubs import HubTestCase, User, quick, write_rows


@quick()
class ReplayTests(HubTestCase):
    async def test_the_queue_comes_oldest_first_and_before_new_notifications(self):
        stored = await write_rows([self.ada], 3)
        async with self.connected(self.ada) as client:
            live = await anotify([self.ada], "new")
            await client.until_arrived([live.pk])
            self.assertEqual(client.arrived, [*stored, live.pk])
            self.assertEqual([f["type"] for f in client.frames], ["hello", "batch", "notification"])

    @quick(WINDOW=4)
    async def test_a_long_queue_is_replayed_page_by_page_as_acks_come_in(self):
        stored = await write_rows([self.ada], 11)
        async with self.connected(self.ada) as client:
            await client.until_arrived(stored[:4])
            await client.settle()
            self.assertEqual(client.arrived, stored[:4])
            for upto in (8, 11):
                client.ack()
                await client.until_arrived(stored[:upto])
            client.ack()
            await self.until_queued(self.ada, [])
            self.assertEqual(client.arrived, stored)

    @quick(WINDOW=4, ACK_FLUSH_SECONDS=10)
    async def test_the_next_page_of_a_replay_does_not_wait_until_acks_are_written(self):
        stored = await write_rows([self.ada], 11)
        async with self.connected(self.ada) as client:
            for upto in (4, 8, 11):
                await client.until_arrived(stored[:upto])
                client.ack()
            await client.settle()
            self.assertEqual(client.arrived, stored)
            self.assertEqual(await self.queued(self.ada), stored)
        self.assertEqual(await self.queued(self.ada), [])

    @quick(WINDOW=4)
    async def test_a_notification_sent_during_a_replay_comes_after_the_queue(self):
        stored = await write_rows([self.ada], 6)
        async with self.connected(self.ada) as client:
            await client.until_arrived(stored[:4])
            live = await anotify([self.ada], "new")
            await client.settle()
            self.assertEqual(client.arrived, stored[:4])
            client.ack()
            await client.until_arrived([*stored, live.pk])
            self.assertEqual(client.arrived, [*stored, live.pk])

    @quick(WINDOW=2)
    async def test_notifications_sent_during_a_long_replay_arrive_once(self):
        stored = await write_rows([self.ada], 4)
        async with self.connected(self.ada) as client:
            live = [(await anotify([self.ada], "new")).pk for _ in range(8)]
            acked = []
            while len(acked) < 12:
                await client.until(lambda: len(client.arrived) > len(acked), "more")  # noqa: B023
                new = client.arrived[len(acked) :]
                client.ack(new)
                acked += new
            last = await anotify([self.ada], "last")
            await client.until_arrived([last.pk])
            self.assertEqual(client.arrived, [*stored, *live, last.pk])

    @tag("slow")
    @quick(WINDOW=2)
    async def test_a_delivery_committed_unheard_during_a_replay_is_counted_in_the_end(self):
        stored = await write_rows([self.ada], 3)
        [late] = await write_rows([], 1)
        stored += await write_rows([self.ada], 1)
        async with self.connected(self.ada) as client:
            await client.until_arrived(stored[:2])
            await Delivery.objects.acreate(recipient=self.ada, notification_id=late)
            client.ack()
            await client.until_arrived([*stored[:3], late])
            client.ack([stored[2], late])
            await client.until_arrived(stored)
            state = await client.until_frame("state")
            self.assertEqual((state["unread"], state["upto"]), (5, stored[-1]))

    async def test_a_replayed_batch_stays_below_the_limit_of_a_frame(self):
        stored = await write_rows([self.ada], 20)
        await Notification.objects.aupdate(body="x" * 6000)
        async with self.connected(self.ada) as client:
            await client.until_arrived(stored)
            self.assertEqual(client.arrived, stored)
            texts = [message.get("text", "") for message in client.messages]
            self.assertLess(max(len(text.encode()) for text in texts), 65_536)

    @quick(WINDOW=4, WATCH_SECONDS=60)
    @mock.patch("notifications.hub.sockets.socket.MAX_HELD", 2)
    async def test_notifications_too_many_to_hold_during_the_last_page_are_replayed(self):
        stored = await write_rows([self.ada], 6)
        async with self.connected(self.ada) as client:
            await client.until_arrived(stored[:4])
            hub = get_hub()
            [socket] = hub.sockets.of(self.ada.pk)
            read, later = hub._replay.read, []

            def read_and_let_more_come(*args):
                pages = read(*args)
                if not later:
                    later.extend(async_to_sync(write_rows)([self.ada], 3))
                    for number in later:
                        socket.hold(number)
                return pages

            with mock.patch.object(hub._replay, "read", read_and_let_more_come):
                client.ack()
                await client.until_arrived(stored)
                client.ack()
                await client.until_arrived([*stored, *later])
            await client.until_frame("resync")
            self.assertEqual(client.arrived, [*stored, *later])

    async def test_expired_notifications_are_not_replayed(self):
        [old, fresh] = await write_rows([self.ada], 2)
        await Notification.objects.filter(pk=old).aupdate(expires_at="2020-01-01T00:00Z")
        async with self.connected(self.ada) as client:
            await client.until_arrived([fresh])
            await client.settle()
            self.assertEqual(client.arrived, [fresh])

    async def test_many_clients_that_connect_at_once_share_the_queries(self):
        users = [await User.objects.acreate(username=f"u{n}") for n in range(50)]
        [stored] = await write_rows(users, 1)
        with self.count_hub_jobs() as jobs:
            clients = await asyncio.gather(*(MemoryClient(user).connect() for user in users))
            for client in clients:
                await client.until_arrived([stored])
        self.assertLessEqual(len(jobs), 6)
        for client in clients:
            await client.disconnect()

    @contextlib.contextmanager
    def count_hub_jobs(self):
        jobs = []
        original = HubConnection.run

        def counting(connection, job):
            jobs.append(job)
            return original(connection, job)

        with mock.patch.object(HubConnection, "run", counting):
            yield jobs

import asyncio
import contextlib

from notifications.models import Notification
from notifications.send import anotify

from .clients import MemoryClient
from .hub import HubTestCase, User, quick, write_rows


@quick()
class ReplayTests(HubTestCase):
    async def test_the_queue_comes_first_oldest_first_and_then_what_is_new(self):
        stored = await write_rows([self.ada], 3)
        async with self.connected(self.ada) as client:
            live = await anotify([self.ada], "new")
            await client.until_arrived([live.pk])
            self.assertEqual(client.arrived, [*stored, live.pk])
            self.assertEqual([f["type"] for f in client.frames], ["hello", "batch", "notification"])

    @quick(WINDOW=4)
    async def test_a_long_queue_follows_the_acks_page_by_page(self):
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
    async def test_the_next_page_does_not_wait_until_acks_are_written(self):
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
    async def test_what_comes_during_a_replay_waits_behind_it(self):
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
    async def test_what_comes_live_during_a_long_replay_is_sent_once(self):
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

    async def test_a_batch_stays_below_the_limit_of_a_frame(self):
        stored = await write_rows([self.ada], 20)
        await Notification.objects.aupdate(body="x" * 6000)
        async with self.connected(self.ada) as client:
            await client.until_arrived(stored)
            self.assertEqual(client.arrived, stored)
            texts = [message.get("text", "") for message in client.messages]
            self.assertLess(max(len(text.encode()) for text in texts), 65_536)

    async def test_expired_notifications_are_not_replayed(self):
        [old, fresh] = await write_rows([self.ada], 2)
        await Notification.objects.filter(pk=old).aupdate(expires_at="2020-01-01T00:00Z")
        async with self.connected(self.ada) as client:
            await client.until_arrived([fresh])
            await client.settle()
            self.assertEqual(client.arrived, [fresh])

    async def test_many_who_connect_at_once_share_the_queries(self):
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
        from notifications.hub import database

        jobs = []
        original = database._retried

        def counting(job, *args, **kwargs):
            jobs.append(job)
            return original(job, *args, **kwargs)

        database._retried = counting
        try:
            yield jobs
        finally:
            database._retried = original

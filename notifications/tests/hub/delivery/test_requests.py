import asyncio
import contextlib
from unittest import mock

from asgiref.sync import sync_to_async
from django.test import tag

from notifications.hub.database import DatabaseWorker
from notifications.hub.delivery import requests
from notifications.hub.delivery.acks import Acks
from notifications.hub.delivery.requests import AT_ONCE, Requests
from notifications.models import Delivery, Notification
from notifications.tests.hubs import HubTestCase, quick
from notifications.tests.waiting import until
from notifications.wire.protocol import FrameRefused


class CountingWorker(DatabaseWorker):
    """Keeps what its jobs were about."""

    def __init__(self):
        super().__init__()
        self.jobs = []

    async def run(self, job, *args, **kwargs):
        self.jobs.append((job.__name__, args))
        return await super().run(job, *args, **kwargs)


@quick()
class RequestsTests(HubTestCase):
    @contextlib.asynccontextmanager
    async def working(self):
        worker = CountingWorker()
        acks = Acks(worker)
        asked = Requests(worker, acks)
        try:
            yield asked, worker.jobs
        finally:
            await asked.close()
            await acks.close()
            await worker.close()

    @sync_to_async
    def write(self, count, users=None):
        rows = Notification.objects.bulk_create(Notification(title="n") for _ in range(count))
        Delivery.objects.bulk_create(
            Delivery(recipient=user, notification=row)
            for row in rows
            for user in users or [self.ada]
        )
        Delivery.objects.all().mark_delivered()
        return [row.pk for row in rows]

    async def until(self, **state):
        async def none():
            return not await Delivery.objects.filter(**state).aexists()

        await until(none, f"no row with {state}")

    async def test_read_all_is_done_once_however_often_it_is_asked_for_at_a_time(self):
        ids = await self.write(3)
        async with self.working() as (asked, jobs):
            for upto in (ids[1], ids[2], ids[0]) * 20:
                asked.read_all(self.ada.pk, upto)
            await self.until(read_at=None)
            self.assertEqual(jobs, [("_read_some", (self.ada.pk, ids[2], 0))])

    @tag("slow")
    async def test_a_user_who_asks_all_the_time_is_served_some_times_a_second(self):
        [number] = await self.write(1)
        async with self.working() as (asked, jobs):
            loop = asyncio.get_running_loop()
            begun = loop.time()
            while loop.time() - begun < 0.5:
                asked.read_all(self.ada.pk, number)
                asked.mark("read", self.ada.pk, [number])
                await asyncio.sleep(0.001)  # how often is what is tested
            readings = [name for name, _ in jobs if name == "_read_some"]
            self.assertLessEqual(len(readings), 1 + 0.5 / requests.PAUSE_SECONDS + 1)

    @tag("slow")
    async def test_a_user_with_much_to_read_does_not_keep_another_waiting(self):
        ids = await self.write(2 * AT_ONCE + 1)
        [last] = await self.write(1, [self.bob])
        async with self.working() as (asked, jobs):
            asked.read_all(self.ada.pk, ids[-1])
            asked.read_all(self.bob.pk, last)
            await self.until(read_at=None)
            pks = [args[0] for name, args in jobs if name == "_read_some"]
            self.assertEqual(pks, [self.ada.pk, self.bob.pk, self.ada.pk, self.ada.pk])

    async def test_marks_of_very_many_notifications_are_written_part_by_part(self):
        ids = await self.write(AT_ONCE + 1)
        async with self.working() as (asked, jobs):
            for _ in range(5):
                asked.mark("read", self.ada.pk, ids)  # the same ones are written once
            await self.until(read_at=None)
            key = "read", self.ada.pk
            self.assertEqual(
                [list(args[0][key]) for _, args in jobs], [ids[:AT_ONCE], ids[AT_ONCE:]]
            )

    async def test_marks_that_wait_are_written_before_the_end(self):
        ids = await self.write(2 * AT_ONCE + 1)
        async with self.working() as (asked, _):
            asked.mark("seen", self.ada.pk, ids)
        await self.until(seen_at=None)

    async def test_all_that_was_to_be_read_is_read_before_the_end_however_much_it_is(self):
        ids = await self.write(2 * AT_ONCE + 1)
        async with self.working() as (asked, _):
            asked.read_all(self.ada.pk, ids[-1])
        await self.until(read_at=None)

    async def test_more_marks_than_may_wait_are_refused_unless_they_wait_already(self):
        async with self.working() as (asked, _):
            with mock.patch.object(requests, "MAX_WAITING", 3):
                asked.mark("read", self.ada.pk, [1, 2, 3])
                asked.mark("read", self.ada.pk, [3, 2])
                asked.mark("read", self.bob.pk, [4])
                asked.mark("seen", self.ada.pk, [4])
                with self.assertRaisesRegex(FrameRefused, "at most 3 ids"):
                    asked.mark("read", self.ada.pk, [3, 4])

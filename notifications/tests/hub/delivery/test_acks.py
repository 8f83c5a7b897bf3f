import contextlib
from unittest import mock

from notifications.hub.database import DatabaseWorker
from notifications.hub.delivery.acks import Acks
from notifications.tests.hubs import HubTestCase, quick
from notifications.tests.waiting import until


@quick(ACK_FLUSH_SECONDS=10)
class TooManyAcksTests(HubTestCase):
    @contextlib.asynccontextmanager
    async def full_from(self, count):
        """A acks that is full with so many marks, and the log."""
        worker = DatabaseWorker()
        acks = Acks(worker)
        with (
            mock.patch("notifications.hub.delivery.acks.MAX_WAITING", count - 1),
            self.assertLogs("notifications.hub.delivery.acks", "ERROR") as logs,
        ):
            yield acks, logs.records
        await acks.close()
        await worker.close()

    async def test_the_oldest_marks_beyond_the_limit_are_forgotten_and_logged_once(self):
        async with self.full_from(3) as (acks, records):
            for pk in range(1, 6):
                acks.add(pk, [10 * pk])
            left = [acks.unwritten(pk) for pk in range(1, 6)]
        self.assertEqual(left, [set(), set(), {30}, {40}, {50}])
        self.assertEqual(len(records), 1)

    async def test_acks_that_were_given_up_make_room_for_those_of_others(self):
        def refusing(kind, marked):
            if 1 in marked:
                raise ValueError("not these")

        async with self.full_from(3) as (acks, records):
            with mock.patch("notifications.store.marking.mark", refusing):
                acks.add(1, [10, 20, 30])
                await acks.flush()
                acks.add(2, [10])
                await until(lambda: acks._coalescer.hurry() or not acks.unwritten(2), "a write")
            for pk in (3, 4):
                acks.add(pk, [10])
            left = [acks.unwritten(pk) for pk in (1, 3, 4)]
        self.assertEqual(left, [set(), {10}, {10}])
        self.assertEqual([r for r in records if "forgotten" in r.getMessage()], [])

    async def test_forgotten_marks_are_logged_again_after_the_database_has_answered(self):
        async with self.full_from(1) as (acks, records):
            for _ in range(2):
                for pk in range(1, 4):
                    acks.add(pk, [pk])
                await acks.flush()
        self.assertEqual(len(records), 2)

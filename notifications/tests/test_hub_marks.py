import contextlib
from unittest import mock

from notifications.hub.database import DatabaseWorker
from notifications.hub.marks import MarkBuffer

from .hub import HubTestCase, quick


@quick(ACK_FLUSH_SECONDS=10)
class TooManyMarksTests(HubTestCase):
    @contextlib.asynccontextmanager
    async def full_from(self, count):
        """A buffer that is full with so many marks, and the log."""
        worker = DatabaseWorker()
        buffer = MarkBuffer(worker)
        with (
            mock.patch("notifications.hub.marks.MAX_WAITING", count - 1),
            self.assertLogs("notifications.hub.marks", "ERROR") as logs,
        ):
            yield buffer, logs.records
        await buffer.close()
        await worker.close()

    async def test_the_oldest_are_forgotten_which_is_said_once(self):
        async with self.full_from(3) as (buffer, records):
            for pk in range(1, 6):
                buffer.add("delivered", pk, [10 * pk])
            left = [buffer.unwritten(pk) for pk in range(1, 6)]
        self.assertEqual(left, [set(), set(), {30}, {40}, {50}])
        self.assertEqual(len(records), 1)

    async def test_it_is_said_again_after_the_database_has_answered(self):
        async with self.full_from(1) as (buffer, records):
            for _ in range(2):
                for pk in range(1, 4):
                    buffer.add("delivered", pk, [pk])
                await buffer.flush()
        self.assertEqual(len(records), 2)

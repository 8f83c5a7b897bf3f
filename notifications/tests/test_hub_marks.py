from unittest import mock

from notifications.hub.database import DatabaseWorker
from notifications.hub.marks import MarkBuffer

from .hub import HubTestCase, quick


@quick(ACK_FLUSH_SECONDS=10)
class TooManyMarksTests(HubTestCase):
    async def test_the_oldest_are_forgotten_which_is_said_once(self):
        worker = DatabaseWorker()
        buffer = MarkBuffer(worker)
        with (
            mock.patch("notifications.hub.marks.MAX_WAITING", 2),
            self.assertLogs("notifications.hub.marks", "ERROR") as logs,
        ):
            for pk in range(1, 6):
                buffer.add("delivered", pk, [10 * pk])
        self.assertEqual(
            [buffer.unwritten(pk) for pk in range(1, 6)], [set(), set(), {30}, {40}, {50}]
        )
        self.assertEqual(len(logs.records), 1)
        await buffer.close()
        await worker.close()

    async def test_it_is_said_again_after_the_database_has_answered(self):
        worker = DatabaseWorker()
        buffer = MarkBuffer(worker)
        with (
            mock.patch("notifications.hub.marks.MAX_WAITING", 0),
            self.assertLogs("notifications.hub.marks", "ERROR") as logs,
        ):
            for _ in range(2):
                for pk in range(1, 4):
                    buffer.add("delivered", pk, [pk])
                await buffer.flush()
        self.assertEqual(len(logs.records), 2)
        await buffer.close()
        await worker.close()

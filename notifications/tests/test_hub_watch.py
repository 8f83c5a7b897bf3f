import asyncio
import sqlite3

from django.db import connection, connections

from .hub import HubTestCase, quick


class WatchTests(HubTestCase):
    @quick(WATCH_SECONDS=0.05)
    async def test_what_another_process_writes_arrives_within_300_ms(self):
        async with self.connected(self.ada) as client:
            loop = asyncio.get_running_loop()
            await asyncio.to_thread(self.write_elsewhere)
            begun = loop.time()
            await client.until(lambda: client.arrived, "the notification")
            self.assertLess(loop.time() - begun, 0.3)

    def write_elsewhere(self):
        """By a connection that publishes no hint, as another process's does here."""
        other = sqlite3.connect(connections["default"].settings_dict["NAME"])
        with other:
            other.execute(
                "INSERT INTO notifications_notification (level, category, title, body, url,"
                " actor_object_id, actor_text, target_object_id, target_text, data)"
                " VALUES ('info', '', 'elsewhere', '', '', '', '', '', '', '{}')"
            )
            other.execute(
                "INSERT INTO notifications_delivery (recipient_id, notification_id)"
                " SELECT ?, MAX(id) FROM notifications_notification",
                (self.ada.pk,),
            )
        other.close()


if connection.vendor != "sqlite":
    del WatchTests  # there is nothing to skip: `PRAGMA data_version` is SQLite's

import asyncio
import os
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from unittest import mock

from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.test import SimpleTestCase, tag

from notifications.hub.delivery import watch as watch_module
from notifications.hub.delivery.watch import Watch
from notifications.models import Notification
from notifications.tests.hubs import HubTestCase, quick
from notifications.tests.waiting import until, wait_until

TABLE = Notification._meta.db_table


class DatabaseWatchTests(HubTestCase):
    @quick(WATCH_SECONDS=0.05)
    async def test_a_notification_written_by_another_process_arrives_within_300_ms(self):
        async with self.connected(self.ada) as client:
            # The quickest of some: a busy machine may hold up any of them.
            took = [await self.arrive(client, number) for number in range(1, 6)]
            self.assertLess(min(took), 0.3)

    async def arrive(self, client, number):
        """How long one took that was written elsewhere."""
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(self.write_elsewhere)
        begun = loop.time()
        await client.until(lambda: len(client.arrived) == number, f"notification {number}")
        return loop.time() - begun

    @quick(WATCH_SECONDS=1)
    async def test_a_commit_of_another_process_arrives_long_before_the_watch_looks_by_itself(self):
        if sys.platform != "linux":
            return  # nothing else tells of writes
        async with self.connected(self.ada) as client:
            loop = asyncio.get_running_loop()
            begun = loop.time()
            await asyncio.to_thread(self.write_elsewhere)
            await client.until(lambda: client.arrived, "the notification")
            self.assertLess(loop.time() - begun, 3, "the turn comes after 10 seconds")

    @quick(WATCH_SECONDS=0.05)
    async def test_a_commit_of_another_process_arrives_though_the_system_tells_of_no_writes(self):
        with mock.patch("notifications.background.file_events._libc", None):
            async with self.connected(self.ada) as client:
                await asyncio.to_thread(self.write_elsewhere)
                await client.until(lambda: client.arrived, "the notification")

    def write_elsewhere(self):
        """By a connection that publishes no hint, as another process's does here."""
        other = sqlite3.connect(connections["default"].settings_dict["NAME"])
        with other:
            other.execute(
                "INSERT INTO durable_notifications_notification (level, category, title, body, url,"
                " actor_object_id, actor_text, target_object_id, target_text, data)"
                " VALUES ('info', '', 'elsewhere', '', '', '', '', '', '', '{}')"
            )
            other.execute(
                "INSERT INTO durable_notifications_delivery (recipient_id, notification_id)"
                " SELECT ?, MAX(id) FROM durable_notifications_notification",
                (self.ada.pk,),
            )
        other.close()

    @quick(WATCH_SECONDS=0.02)
    async def test_a_client_is_told_to_come_again_when_the_database_file_is_replaced(self):
        name = connections["default"].settings_dict["NAME"]
        async with self.connected(self.ada) as client:
            # Whoever closes the old file later removes the journal beside its name.
            await sync_to_async(lambda: connection.close())()
            await asyncio.to_thread(self.replace, name)
            await client.until_closed(4503)
        async with self.connected(self.ada) as client:
            await asyncio.to_thread(self.write_elsewhere)
            await client.until(lambda: client.arrived, "what was written to the new file")
            client.ack()
            await asyncio.to_thread(self.until_acked, name)

    def replace(self, name):
        """As somebody does who restores a backup in one step."""
        with closing(sqlite3.connect(name)) as old, closing(sqlite3.connect(f"{name}-new")) as new:
            old.backup(new)
        # The journal belongs to the old file.
        for ending in ("-wal", "-shm"):
            Path(f"{name}{ending}").unlink(missing_ok=True)
        os.replace(f"{name}-new", name)

    def until_acked(self, name):
        query = "SELECT count(*) FROM durable_notifications_delivery WHERE delivered_at IS NOT NULL"

        def acked():
            with closing(sqlite3.connect(name)) as database:
                return database.execute(query).fetchone() == (1,)

        wait_until(acked, "the ack in the new file")


class WatchedFileTests(SimpleTestCase):
    """A watch alone, of a file of its own."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.file = self.folder / "db.sqlite3"
        self.found = []
        self.replaced = 0
        self.enterContext(quick(WATCH_SECONDS=0.005))

    def write(self, file=None):
        """One more row; returns its id."""
        with closing(sqlite3.connect(file or self.file)) as database, database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute(f"CREATE TABLE IF NOT EXISTS {TABLE} (id INTEGER PRIMARY KEY)")
            return database.execute(f"INSERT INTO {TABLE} DEFAULT VALUES").lastrowid

    def watch(self, name=None):
        def replaced():
            self.replaced += 1

        settings = {**connections.settings["default"], "NAME": name or self.file}
        with mock.patch.dict(connections["default"].settings_dict, settings):
            return Watch(self.found.append, replaced)

    async def assert_seen(self, file=None):
        new = self.write(file)
        await until(lambda: new in self.found)

    async def test_more_than_are_read_at_once_are_found_without_another_commit(self):
        self.write()
        with mock.patch.object(watch_module, "MAX_NEW", 2):
            watch = self.watch()
            with closing(sqlite3.connect(self.file)) as database, database:
                rows = [(number,) for number in range(10, 17)]
                database.executemany(f"INSERT INTO {TABLE} VALUES (?)", rows)
            await until(lambda: len(self.found) == len(rows))
            await watch.stop()
        self.assertEqual(self.found, [number for (number,) in rows])

    @tag("slow")
    async def test_a_database_file_is_watched_whatever_characters_its_path_has(self):
        for name in ("a#b", "a?mode=memory", "a%41", "a b", "ü", "a'b\"c", "file:x", ":memory:x"):
            with self.subTest(name):
                self.found.clear()
                file = self.folder / name
                self.write(file)
                watch = self.watch(file)
                await self.assert_seen(file)
                await watch.stop()
        self.assertEqual(self.folder / "a" in self.folder.iterdir(), False)

    async def test_a_database_file_that_comes_later_is_watched_from_then_on(self):
        with self.assertLogs("notifications.hub.delivery.watch", "WARNING") as logs:
            watch = self.watch()
            self.write()
            await until(lambda: len(logs.records) == 2)
        await self.assert_seen()
        await watch.stop()

    async def test_a_database_file_that_replaced_another_is_watched_and_told_of_once(self):
        for _ in range(3):
            self.write()
        watch = self.watch()
        new = self.folder / "new"
        self.write(new)
        os.replace(new, self.file)
        await until(lambda: self.replaced)
        await self.assert_seen()
        self.assertEqual(self.replaced, 1)
        await watch.stop()

    async def test_a_database_file_that_was_deleted_and_made_anew_is_watched(self):
        self.write()
        watch = self.watch()
        with self.assertLogs("notifications.hub.delivery.watch", "WARNING") as logs:
            for file in self.folder.iterdir():
                file.unlink()
            await until(lambda: logs.records)
            self.write()
            await until(lambda: len(logs.records) == 2)
        await self.assert_seen()
        await watch.stop()

    async def test_a_file_that_is_no_database_for_a_while_is_watched_afterwards(self):
        self.write()
        shutil.copy(self.file, self.folder / "good")
        watch = self.watch()
        with self.assertLogs("notifications.hub.delivery.watch", "WARNING") as logs:
            bad = self.folder / "bad"
            bad.write_bytes(b"no database" * 1000)
            os.replace(bad, self.file)
            await until(lambda: logs.records)
            for ending in ("-wal", "-shm"):
                self.file.with_name(f"{self.file.name}{ending}").unlink(missing_ok=True)
            os.replace(self.folder / "good", self.file)
            await until(lambda: len(logs.records) == 2)
        await self.assert_seen()
        await watch.stop()

    async def test_a_watch_goes_on_after_its_task_was_cancelled(self):
        self.write()
        watch = self.watch()
        with (
            mock.patch("notifications.background.supervision.RESTART_SECONDS", 0.01),
            self.assertLogs("notifications.background.supervision", "ERROR"),
        ):
            watch._task._task.cancel()
            await self.assert_seen()
        await watch.stop()


if connection.vendor != "sqlite":
    # There is nothing to skip: `PRAGMA data_version` is SQLite's.
    del DatabaseWatchTests, WatchedFileTests

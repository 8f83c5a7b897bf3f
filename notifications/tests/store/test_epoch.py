import os
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path
from unittest import skipUnless

from asgiref.sync import sync_to_async
from django.core.management import call_command
from django.db import connection, connections
from django.test import TransactionTestCase, tag

from notifications.models import Epoch, Notification
from notifications.send import notify
from notifications.store import epoch
from notifications.store.ids import newest_id

from ..clients import MemoryClient
from ..hubs import HubTestCase, quick, write_rows
from ..users import make_user


def make(count):
    return [Notification.objects.create(title="n").pk for _ in range(count)]


def go_back(number):
    """What the restore of a backup does: later rows are gone, and their ids are given again."""
    Notification.objects.filter(pk__gt=number).delete()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("UPDATE sqlite_sequence SET seq = %s WHERE name = %s", [number, TABLE])
        else:
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{TABLE}', 'id'), {number})")


TABLE = Notification._meta.db_table


class EpochTests(TransactionTestCase):
    def look(self):
        return epoch.look(newest_id())

    def test_the_epoch_stays_while_ids_grow_and_for_every_process(self):
        first = self.look()
        make(3)
        self.assertEqual(self.look(), first)
        epoch._seen.clear()  # as in a process that has just begun
        self.assertEqual(self.look(), first)
        self.assertEqual(Epoch.objects.count(), 1)

    def test_the_epoch_changes_once_when_ids_went_back(self):
        ids = make(5)
        first = self.look()
        go_back(ids[2])
        second = self.look()
        self.assertNotEqual(second, first)
        make(1)
        self.assertEqual(self.look(), second)

    def test_the_epoch_stays_when_the_newest_notifications_are_deleted(self):
        ids = make(5)
        first = self.look()
        Notification.objects.filter(pk__gte=ids[1]).delete()
        self.assertTrue(epoch.went_back(newest_id()))
        self.assertEqual(self.look(), first)
        self.assertFalse(epoch.went_back(newest_id()))
        Notification.objects.all().delete()
        self.assertEqual(self.look(), first)

    def test_of_two_processes_that_notice_a_restore_one_renews_the_epoch(self):
        ids = make(5)
        self.look()
        seen = {name: vars_of(mine) for name, mine in epoch._seen.items()}
        go_back(ids[1])
        first = self.look()
        for name, (stored, highest) in seen.items():  # the other process
            epoch._seen[name] = epoch._Seen(stored, highest)
        self.assertEqual(self.look(), first)

    def test_the_command_renew_epoch_renews_and_prints_the_epoch(self):
        first = self.look()
        call_command("renew_epoch", stdout=(out := Output()))
        second = self.look()
        self.assertNotEqual(second, first)
        self.assertIn(second, out.text)

    def test_looking_whether_ids_went_back_costs_no_query(self):
        make(1)
        self.look()
        with self.assertNumQueries(0):
            self.assertFalse(epoch.went_back(10**9))

    def test_the_highest_id_ever_issued_outlives_its_notification(self):
        ids = make(2)
        Notification.objects.all().delete()
        self.assertEqual(epoch.highest_issued(connection), ids[1])


class Output:
    text = ""

    def write(self, text):
        self.text += text


def vars_of(seen):
    return seen.stored, seen.highest


@tag("slow")
@quick(SWEEP_SECONDS=0.2)
class RestoreUnderAHubTests(HubTestCase):
    async def test_after_a_restore_clients_come_back_to_a_new_epoch_where_old_ids_are_news(self):
        ids = await write_rows([self.ada], 3)
        client = await MemoryClient(self.ada).connect()
        await client.until_arrived(ids)
        client.ack()
        await self.until_queued(self.ada, [])
        await sync_to_async(go_back)(ids[0])
        await client.until_closed(4503)
        await client.disconnect()
        again = await write_rows([self.ada], 2)
        self.assertEqual(again, ids[1:])
        async with self.connected(self.ada) as back:
            await back.until_arrived(again)
            self.assertNotEqual(back.frames[0]["epoch"], client.frames[0]["epoch"])

    async def test_after_a_restore_the_text_of_an_old_id_is_not_sent_for_a_new_one(self):
        ids = await write_rows([self.ada], 2, title="old")
        async with self.connected(self.bob) as bob, self.connected(self.ada) as client:
            await client.until_arrived(ids)
            await sync_to_async(go_back)(ids[0])
            await bob.until_closed(4503)
            await write_rows([self.ada], 1, title="new")
            async with self.connected(self.ada) as back:  # while the others keep the hub
                await back.until_arrived(ids)
                titles = [item["title"] for item in back.of("batch")[0]["items"]]
                self.assertEqual(titles, ["old", "new"])

    async def test_the_command_renew_epoch_makes_clients_come_back_to_a_new_epoch(self):
        client = await MemoryClient(self.ada).connect()
        await sync_to_async(call_command)("renew_epoch", stdout=Output())
        await client.until_closed(4503)
        await client.disconnect()
        async with self.connected(self.ada) as back:
            self.assertNotEqual(back.frames[0]["epoch"], client.frames[0]["epoch"])


@quick(SWEEP_SECONDS=0.2)
class BackupOfAFileTests(HubTestCase):
    @tag("slow")
    async def test_a_backup_written_into_the_open_database_file_begins_a_new_epoch(self):
        [first] = await write_rows([self.ada], 1)
        name = str(connections["default"].settings_dict["NAME"])
        with tempfile.TemporaryDirectory() as folder:
            backup = Path(folder) / "backup.sqlite3"
            copy(name, backup)
            ids = await write_rows([self.ada], 2)
            client = await MemoryClient(self.ada).connect()
            await client.until_arrived([first, *ids])
            copy(backup, name)
        await client.until_closed(4503)
        await client.disconnect()
        self.assertEqual(await write_rows([self.ada], 1), ids[:1])
        async with self.connected(self.ada) as back:
            await back.until_arrived([first, ids[0]])
            self.assertNotEqual(back.frames[0]["epoch"], client.frames[0]["epoch"])


def copy(source, target):
    """By SQLite's own means, which is safe while the file is in use."""
    with sqlite3.connect(source) as reading, sqlite3.connect(target) as writing:
        reading.backup(writing)
    reading.close()
    writing.close()


@tag("slow")
@skipUnless(shutil.which("pg_dump"), "pg_dump is not installed")
class DatabaseDumpTests(TransactionTestCase):
    def test_a_database_that_was_dumped_and_restored_has_another_epoch(self):
        notify(make_user("ada"), "n")
        first = epoch.look(newest_id())
        settings = connection.settings_dict
        url = ["-h", settings["HOST"], "-p", str(settings["PORT"] or 5432), "-U", settings["USER"]]
        name = settings["NAME"]
        connections.close_all()
        with tempfile.TemporaryDirectory() as folder:
            dump = os.path.join(folder, "dump")
            tables = [f"--table={TABLE}", "--clean", "--if-exists"]
            run("pg_dump", *url, *tables, "--file", dump, name)
            run("psql", *url, "--quiet", "--file", dump, name)
        epoch._seen.clear()
        self.assertNotEqual(epoch.look(newest_id()), first)


def run(*command):
    subprocess.run(command, check=True, capture_output=True)


# There is nothing to skip: either database has its own kind of backup.
if connection.vendor == "sqlite":
    del DatabaseDumpTests
else:
    del BackupOfAFileTests

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from unittest import mock, skipUnless

import environ
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, InternalError, OperationalError, connection, connections
from django.test import SimpleTestCase, tag

from notifications.hub import get_hub
from notifications.hub.admission import ADMISSION_SECONDS
from notifications.hub.database import DatabaseWorker
from notifications.hub.database import connection as hub_connection
from notifications.hub.hub import CLOSE_SECONDS
from notifications.layers import get_hints_layer
from notifications.models import Delivery
from notifications.postgres import CONNECTION_OPTIONS
from notifications.send import anotify
from notifications.tests.clients import MemoryClient
from notifications.tests.hubs import HubTestCase, quick, write_rows
from notifications.tests.postgres import postgres_is_installed
from notifications.wire import hints
from perftests.load.network.link import Link
from perftests.load.services.postgres import PrivatePostgres

SERVER_LIMIT_SECONDS = hub_connection.LIMITS_MILLISECONDS["statement_timeout"] / 1000
LONGEST_SECONDS = SERVER_LIMIT_SECONDS + 2 * CONNECTION_OPTIONS["connect_timeout"] + 2


def settings_of(server):
    """An entry of `DATABASES` for a private server."""
    return environ.Env.db_url_config(server.url)


def ask(query):
    """For a job: the first value of the first row."""
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


def tell(statement):
    """For a job: a statement without an answer."""
    with connection.cursor() as cursor:
        cursor.execute(statement)


@contextlib.asynccontextmanager
async def working(database):
    """A worker whose thread connects to this entry of `DATABASES`."""
    with mock.patch.dict(
        connections.settings,
        default=connections.configure_settings({"default": database})["default"],
    ):
        worker = DatabaseWorker()
        try:
            yield worker
        finally:
            await worker.close()


async def until_answered(worker, seconds):
    """The time until a job succeeds, as the coalescers try it."""
    begun = time.monotonic()
    while True:
        try:
            await worker.run(ask, "SELECT 1")
            return time.monotonic() - begun
        except DatabaseError:
            assert time.monotonic() - begun < seconds, "no answer"
            await asyncio.sleep(0.1)


@tag("own_database", "slow")
@skipUnless(postgres_is_installed(), "needs PostgreSQL's programs: initdb, postgres")
class OwnServerTestCase(SimpleTestCase):
    databases = {"default"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.enterClassContext(PrivatePostgres())


class BrokenDatabaseServerTests(OwnServerTestCase):
    async def test_a_database_server_that_was_restarted_is_asked_again(self):
        async with working(settings_of(self.server)) as worker:
            await worker.run(ask, "SELECT 1")
            self.server.stop()
            with self.assertRaises(OperationalError):
                await worker.run(ask, "SELECT 1")
            self.server.start()
            self.assertLess(await until_answered(worker, 10), 3)

    async def test_a_frozen_database_server_is_given_up_in_time_and_asked_again_later(self):
        async with working(settings_of(self.server)) as worker:
            await worker.run(ask, "SELECT 1")
            self.server.suspend()
            try:
                begun = time.monotonic()
                with self.assertRaises(OperationalError):
                    await worker.run(ask, "SELECT 1")
                self.assertLess(time.monotonic() - begun, LONGEST_SECONDS)
            finally:
                self.server.resume()
            self.assertLess(await until_answered(worker, 10), 5)

    async def test_jobs_for_a_frozen_database_server_do_not_wait_one_after_the_other(self):
        async with working(settings_of(self.server)) as worker:
            await worker.run(ask, "SELECT 1")
            self.server.suspend()
            try:
                begun = time.monotonic()
                jobs = (worker.run(ask, "SELECT 1") for _ in range(20))
                answers = await asyncio.gather(*jobs, return_exceptions=True)
                self.assertEqual({type(answer) for answer in answers}, {OperationalError})
                self.assertLess(time.monotonic() - begun, LONGEST_SECONDS)
            finally:
                self.server.resume()

    async def test_a_session_that_became_read_only_is_left_for_a_new_connection(self):
        async with working(settings_of(self.server)) as worker:
            pid = await worker.run(ask, "SELECT pg_backend_pid()")
            await worker.run(tell, "CREATE TABLE written (n int)")
            await worker.run(tell, "SET default_transaction_read_only = on")
            await worker.run(tell, "INSERT INTO written VALUES (1)")
            self.assertNotEqual(await worker.run(ask, "SELECT pg_backend_pid()"), pid)
            self.assertEqual(await worker.run(ask, "SELECT count(*) FROM written"), 1)

    async def test_a_database_server_that_stays_read_only_can_be_read(self):
        server = {
            **settings_of(self.server),
            "OPTIONS": {"options": "-c default_transaction_read_only=on"},
        }
        async with working(server) as worker:
            for _ in range(2):
                with self.assertRaisesMessage(InternalError, "read-only"):
                    await worker.run(tell, "CREATE TABLE never (n int)")
                self.assertEqual(await worker.run(ask, "SELECT 1"), 1)

    async def test_each_way_in_which_a_server_ends_a_session_leads_to_a_new_session(self):
        ends = {
            "terminated": "SELECT pg_terminate_backend(pg_backend_pid())",
            "shut down": "DO $$ BEGIN RAISE 'going down' USING ERRCODE = '57P01'; END $$",
            "not yet": "DO $$ BEGIN RAISE 'starting up' USING ERRCODE = '57P03'; END $$",
            "broken": "DO $$ BEGIN RAISE 'gone' USING ERRCODE = '08006'; END $$",
            "internal": "DO $$ BEGIN RAISE 'broken' USING ERRCODE = 'XX000'; END $$",
        }
        async with working(settings_of(self.server)) as worker:
            for name, query in ends.items():
                with self.subTest(name):
                    pid = await worker.run(ask, "SELECT pg_backend_pid()")
                    with contextlib.suppress(DatabaseError):
                        await worker.run(tell, query)
                    self.assertNotEqual(await worker.run(ask, "SELECT pg_backend_pid()"), pid)

    async def test_a_refused_statement_does_not_cost_the_connection(self):
        async with working(settings_of(self.server)) as worker:
            pid = await worker.run(ask, "SELECT pg_backend_pid()")
            for query in ("SELECT nothing", "SELECT 1/0", "SELECT pg_sleep(9)"):
                with self.assertRaises(DatabaseError):
                    await worker.run(ask, query)
            self.assertEqual(await worker.run(ask, "SELECT pg_backend_pid()"), pid)

    def test_a_process_that_ends_waits_for_a_frozen_server_no_longer_than_for_a_statement(self):
        code = (
            "import asyncio, django; django.setup()\n"
            "from django.db import connection\n"
            "from notifications.hub.database import DatabaseWorker\n"
            "def ask():\n"
            "    with connection.cursor() as cursor: cursor.execute('SELECT 1')\n"
            "async def main():\n"
            "    worker = DatabaseWorker()\n"
            "    await worker.run(ask)\n"
            "    print('connected', flush=True)\n"
            "    await asyncio.to_thread(input)\n"
            "    asyncio.ensure_future(worker.run(ask))\n"
            "    await asyncio.sleep(0.2)\n"
            "asyncio.run(main())\n"
        )
        environment = {**os.environ, "DATABASE_URL": self.server.url}
        with subprocess.Popen(
            [sys.executable, "-c", code],
            env={**environment, "DJANGO_SETTINGS_MODULE": "notifyproject.settings"},
            cwd=settings.BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            self.assertEqual(process.stdout.readline(), b"connected\n")
            self.server.suspend()
            try:
                process.stdin.write(b"go on\n")
                process.stdin.close()
                self.assertEqual(process.wait(LONGEST_SECONDS + 5), 0)
            finally:
                self.server.resume()
                process.kill()

    async def test_a_database_server_that_let_nobody_in_is_asked_again(self):
        async with working({**settings_of(self.server), "NAME": "template1"}) as worker:
            pid = await worker.run(ask, "SELECT pg_backend_pid()")
            async with working(settings_of(self.server)) as other:
                await other.run(tell, "ALTER DATABASE template1 ALLOW_CONNECTIONS false")
                await other.run(ask, f"SELECT pg_terminate_backend({pid}, 5000)")
                with self.assertRaises(OperationalError):
                    await worker.run(ask, "SELECT 1")
                await other.run(tell, "ALTER DATABASE template1 ALLOW_CONNECTIONS true")
            self.assertLess(await until_answered(worker, 10), 3)


class ConnectionLimitTests(OwnServerTestCase):
    async def limits(self, **options):
        async with working({**settings_of(self.server), "OPTIONS": options}) as worker:
            names = ("lock_timeout", "statement_timeout")
            limits = [await worker.run(ask, f"SHOW {name}") for name in names]
            tcp = await worker.run(lambda: connection.connection.info.get_parameters())
            return limits, tcp

    async def test_the_connection_of_the_hub_has_limits_where_the_site_has_set_none(self):
        limits, tcp = await self.limits()
        self.assertEqual(limits, ["100ms", "3s"])
        self.assertEqual(
            {name: tcp[name] for name in CONNECTION_OPTIONS},
            {name: str(value) for name, value in CONNECTION_OPTIONS.items()},
        )

    async def test_limits_of_the_site_win_over_those_of_the_hub(self):
        limits, tcp = await self.limits(
            options="-c statement_timeout=7s -c lock_timeout=0", connect_timeout=9
        )
        self.assertEqual(limits, ["0", "7s"])
        self.assertEqual(tcp["connect_timeout"], "9")

    async def test_a_statement_of_the_hub_may_take_as_long_as_the_site_lets_it(self):
        options = {"options": "-c statement_timeout=0"}
        async with working({**settings_of(self.server), "OPTIONS": options}) as worker:
            with mock.patch.object(hub_connection, "SILENCE_SECONDS", -3.5):
                await worker.run(ask, "SELECT pg_sleep(2)")

    async def test_the_hub_takes_its_connection_from_no_pool_of_the_site(self):
        options = {"pool": {"min_size": 1, "max_size": 1, "timeout": 1}}
        async with working({**settings_of(self.server), "OPTIONS": options}) as worker:
            self.assertIsNone(await worker.run(lambda: connection.pool))


@quick()
class SilentDatabaseTests(HubTestCase):
    """The hub's connection goes over a link that freezes; the tests' own does not."""

    @contextlib.asynccontextmanager
    async def link(self):
        settings = connections.settings["default"]
        link = await Link(int(settings["PORT"] or 5432)).open()
        through = {**settings, "HOST": "127.0.0.1", "PORT": link.port}
        with mock.patch.dict(connections.settings, default=through):
            try:
                yield link
            finally:
                await link.close()

    async def test_a_notification_to_listed_users_arrives_while_the_database_is_silent(self):
        async with self.link() as link, self.connected(self.ada) as client:
            link.freeze()
            await write_rows([self.ada], 1)
            async with asyncio.timeout(1):
                notification = await anotify([self.ada], "n")
                await client.until_arrived([notification.pk])
            client.ack()
            link.thaw()
            async with asyncio.timeout(5):
                while notification.pk in await self.queued(self.ada):
                    await asyncio.sleep(0.01)

    async def test_a_newcomer_is_sent_away_in_time_while_the_database_is_silent(self):
        async with self.link() as link, self.connected(self.ada) as first:
            link.freeze()
            with self.assertLogs("notifications", "ERROR") as logs:
                begun = time.monotonic()
                client = await MemoryClient(self.bob).connect()
                self.assertLess(time.monotonic() - begun, ADMISSION_SECONDS + 1)
                self.assertEqual(client.close_code, 4503)
                await client.disconnect()
                await first.until(lambda: logs.records, "the log")
            link.thaw()
            async with asyncio.timeout(5):
                while not await self.is_greeted():
                    pass
            notification = await anotify([self.ada], "n")
            await first.until_arrived([notification.pk])

    async def test_the_last_client_that_leaves_hardly_waits_for_a_silent_database(self):
        async with self.link() as link:
            client = await MemoryClient(self.ada).connect()
            notification = await anotify([self.ada], "n")
            await client.until_arrived([notification.pk])
            link.freeze()
            client.ack()
            await client.settle()
            async with asyncio.timeout(CLOSE_SECONDS + 1):
                await client.disconnect()
            link.thaw()
            await self.until_queued(self.ada, [])

    async def is_greeted(self):
        client = await MemoryClient(self.bob).connect()
        await client.disconnect()
        return bool(client.of("hello"))


@quick(ACK_FLUSH_SECONDS=0.02)
class DatabaseLockTests(HubTestCase):
    """Somebody else's transaction holds a lock, as a migration or a long job does."""

    @contextlib.asynccontextmanager
    async def holding(self, statement, *params):
        other = connections.create_connection("default")

        def hold():
            other.set_autocommit(False)
            with other.cursor() as cursor:
                cursor.execute(statement, params)

        def release():
            other.rollback()
            other.close()

        with mock.patch.object(other, "_thread_sharing_count", 1):
            await asyncio.to_thread(hold)
            try:
                yield
            finally:
                await asyncio.to_thread(release)

    def row_of(self, user):
        return self.holding(
            "SELECT * FROM durable_notifications_delivery WHERE recipient_id = %s FOR UPDATE",
            user.pk,
        )

    def table(self):
        return self.holding("LOCK TABLE durable_notifications_delivery IN ACCESS EXCLUSIVE MODE")

    async def test_one_locked_row_holds_up_no_mark_of_other_users(self):
        for kind in ("ack", "read", "seen", "archive"):
            with self.subTest(kind):
                async with self.connected(self.ada) as ada, self.connected(self.bob) as bob:
                    notification = await anotify([self.ada, self.bob], "n")
                    for client in (ada, bob):
                        await client.until_arrived([notification.pk])
                    async with self.row_of(self.ada):
                        for client in (ada, bob):
                            client.send({"type": kind, "ids": [notification.pk]})
                        async with asyncio.timeout(2):
                            while await self.queued(self.bob):
                                await asyncio.sleep(0.01)
                        self.assertEqual(await self.queued(self.ada), [notification.pk])
                    await self.until_queued(self.ada, [])

    async def test_a_locked_row_holds_up_no_mark_of_others_where_the_site_waits_for_locks(self):
        own = {"options": "-c lock_timeout=0 -c statement_timeout=300ms"}
        entry = connections.settings["default"]
        patient = {**entry, "OPTIONS": {**entry["OPTIONS"], **own}}
        with mock.patch.dict(connections.settings, default=patient):
            async with self.connected(self.ada) as ada, self.connected(self.bob) as bob:
                notification = await anotify([self.ada, self.bob], "n")
                for client in (ada, bob):
                    await client.until_arrived([notification.pk])
                async with self.row_of(self.ada):
                    for client in (ada, bob):
                        client.ack()
                    await self.until_queued(self.bob, [])
                    self.assertEqual(await self.queued(self.ada), [notification.pk])
                await self.until_queued(self.ada, [])

    async def test_a_mark_of_a_row_that_is_locked_or_gone_or_marked_is_not_tried_for_ever(self):
        async with self.connected(self.ada) as client:
            ids = [(await anotify([self.ada], "n")).pk for _ in range(3)]
            await client.until_arrived(ids)
            async with self.row_of(self.ada):
                client.ack()
                await client.settle()
                await asyncio.sleep(0.3)
            await Delivery.objects.filter(notification_id=ids[0]).adelete()
            await self.until_queued(self.ada, [])
            acks = get_hub()._acks._coalescer
            await client.until(lambda: not acks.waiting and not acks.taken, "rest")

    async def test_a_greeting_and_a_push_do_not_wait_for_a_locked_row(self):
        async with self.connected(self.ada) as ada:
            notification = await anotify([self.ada], "n")
            await ada.until_arrived([notification.pk])
            async with self.row_of(self.ada):
                ada.ack()
                ada.send({"type": "read_all", "upto": notification.pk})
                await ada.settle()
                async with asyncio.timeout(2):
                    for user in (self.bob, self.ada):
                        async with self.connected(user) as client:
                            self.assertTrue(client.of("hello"))
                    more = await anotify([self.ada, self.bob], "more")
                    await ada.until_arrived([more.pk])
            await ada.until_frame("state")
            await self.until_queued(self.ada, [more.pk])

    @quick(ACK_FLUSH_SECONDS=0.02, MAX_QUEUED=1)
    async def test_a_greeting_does_not_wait_for_a_locked_excess_of_the_queue(self):
        await write_rows([self.ada], 3)
        async with self.row_of(self.ada), asyncio.timeout(2), self.connected(self.ada) as client:
            self.assertEqual(client.of("hello")[0]["dropped"], 0)

    async def test_while_a_table_is_locked_newcomers_are_sent_away_and_pushes_arrive(self):
        async with self.connected(self.ada) as ada:
            notification = await anotify([self.ada], "n")
            text = notification.frame()
            await ada.until_arrived([notification.pk])
            with self.assertLogs("notifications", "ERROR"):
                async with self.table():
                    ada.ack()
                    async with asyncio.timeout(2):
                        client = await MemoryClient(self.bob).connect()
                        self.assertEqual(client.close_code, 4503)
                        await client.disconnect()
                        await self.push(notification.pk + 1, text)
                        await ada.until(lambda: len(ada.of("notification")) == 2, "the push")
            await self.until_queued(self.ada, [])
            async with self.connected(self.bob) as client:
                self.assertTrue(client.of("hello"))

    @sync_to_async
    def push(self, number, text):
        hint = hints.encode(hints.Notified(number, text))
        get_hints_layer().publish_hints([(hint, [hints.user_group(self.ada.pk)])])


if connection.vendor != "postgresql":
    # There is nothing to skip: a file has no server, no locks.
    del SilentDatabaseTests, DatabaseLockTests

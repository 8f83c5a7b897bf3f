"""The hub's connection: what becomes of it when the server breaks, and its limits."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from unittest import mock

from django.conf import settings
from django.db import DatabaseError, InternalError, OperationalError, connection

from notifications.hub.database import connection as hub_connection
from notifications.postgres import CONNECTION_OPTIONS

from .own_server import OwnServerTestCase, ask, settings_of, tell, until_answered, working

SERVER_LIMIT_SECONDS = hub_connection.LIMITS_MILLISECONDS["statement_timeout"] / 1000


LONGEST_SECONDS = SERVER_LIMIT_SECONDS + 2 * CONNECTION_OPTIONS["connect_timeout"] + 2


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
            "import asyncio, threading, django; django.setup()\n"
            "from django.db import connection\n"
            "from notifications.hub.database import DatabaseWorker\n"
            "asked = threading.Event()\n"
            "def ask():\n"
            "    asked.set()\n"
            "    with connection.cursor() as cursor: cursor.execute('SELECT 1')\n"
            "async def main():\n"
            "    worker = DatabaseWorker()\n"
            "    await worker.run(ask)\n"
            "    asked.clear()\n"
            "    print('connected', flush=True)\n"
            "    await asyncio.to_thread(input)\n"
            "    asyncio.ensure_future(worker.run(ask))\n"
            "    await asyncio.to_thread(asked.wait)\n"
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

import asyncio
import contextlib
import sqlite3

from asgiref.sync import sync_to_async
from django.db import OperationalError, connection, connections
from django.test import TransactionTestCase

from notifications.hub.database import DatabaseWorker
from notifications.models import Notification


def write():
    return Notification.objects.create(title="written").pk


def read():
    return Notification.objects.count()


@contextlib.asynccontextmanager
async def working():
    worker = DatabaseWorker()
    try:
        yield worker
    finally:
        await worker.close()


class JobOrderTests(TransactionTestCase):
    async def test_database_jobs_run_one_after_the_other_in_the_order_they_came(self):
        async with working() as worker:
            jobs = [write, read, write, read]
            results = await asyncio.gather(*(worker.run(job) for job in jobs))
            self.assertEqual(results[1::2], [1, 2])


class BusyDatabaseTests(TransactionTestCase):
    async def test_a_database_read_hardly_waits_for_a_write_that_is_kept_out(self):
        async with working() as worker:
            await worker.run(read)  # connected
            with self.another_writer():
                # The shortest of some: a busy machine may add to any of them.
                self.assertLess(min([await self.wait(worker) for _ in range(5)]), 0.2)
            await worker.run(write)
            self.assertEqual(await worker.run(read), 1)

    async def wait(self, worker):
        """How long a read takes that comes right after a write."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        kept_out, count = await asyncio.gather(
            worker.run(write), worker.run(read), return_exceptions=True
        )
        self.assertIsInstance(kept_out, OperationalError)
        self.assertEqual(count, 0)
        return loop.time() - begun

    @contextlib.contextmanager
    def another_writer(self):
        other = sqlite3.connect(connections["default"].settings_dict["NAME"])
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.close()


class LostConnectionTests(TransactionTestCase):
    async def test_a_database_connection_that_the_server_ended_is_opened_again(self):
        async with working() as worker:
            pid = await worker.run(self.ask, "SELECT pg_backend_pid()")
            await sync_to_async(self.ask)(f"SELECT pg_terminate_backend({pid}, 5000)")
            self.assertNotEqual(await worker.run(self.ask, "SELECT pg_backend_pid()"), pid)

    def ask(self, query):
        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone()[0]


# There is nothing to skip: a file has no server that ends, and a server more than one writer.
if connection.vendor == "sqlite":
    del LostConnectionTests
else:
    del BusyDatabaseTests

"""A database that does not answer any more."""

import asyncio
import contextlib
import time
from unittest import mock

from django.db import connection, connections

from notifications.hub.admission import ADMISSION_SECONDS
from notifications.hub.hub import CLOSE_SECONDS
from notifications.send import anotify
from notifications.tests.clients import MemoryClient
from notifications.tests.hubs import HubTestCase, quick, write_rows
from notifications.tests.waiting import until
from perftests.load.network.link import Link


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

            async def is_taken():
                return notification.pk not in await self.queued(self.ada)

            await until(is_taken, "the ack")

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


if connection.vendor != "postgresql":
    # There is nothing to skip: a file has no server, no locks.
    del SilentDatabaseTests

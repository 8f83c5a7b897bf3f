"""A PostgreSQL of the tests' own, and the hub's worker that is connected to it."""

import asyncio
import contextlib
import time
from unittest import mock, skipUnless

import environ
from django.db import DatabaseError, connection, connections
from django.test import SimpleTestCase, tag

from notifications.hub.database import DatabaseWorker
from notifications.tests.postgres import postgres_is_installed
from perftests.load.services.postgres import PrivatePostgres


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
            await asyncio.sleep(0.1)  # as soon as a coalescer would try again


@tag("own_database", "slow")
@skipUnless(postgres_is_installed(), "needs PostgreSQL's programs: initdb, postgres")
class OwnServerTestCase(SimpleTestCase):
    databases = {"default"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.enterClassContext(PrivatePostgres())

"""Databases beside that of the tests, of the same kind; and what befalls that of the tests."""

import asyncio
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from unittest import mock

from django.db import connection, connections


@asynccontextmanager
async def holding(statement, *params):
    """Somebody else's transaction has executed this, and is not over before the context is."""
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


class OwnDatabase:
    """An empty database for as long as the context lasts; `settings` is for `DATABASES`."""

    def __init__(self, name, folder):
        self.name, self._folder = name, Path(folder)

    @property
    def settings(self):
        own = connection.settings_dict
        if connection.vendor == "sqlite":
            return {"ENGINE": own["ENGINE"], "NAME": str(self._folder / self.name)}
        kept = {key: own[key] for key in ("ENGINE", "HOST", "PORT", "USER", "PASSWORD")}
        return kept | {"NAME": self.name}

    def __enter__(self):
        self._administer(f'CREATE DATABASE "{self.name}"')
        return self

    def __exit__(self, *_):
        self._administer(f'DROP DATABASE "{self.name}" WITH (FORCE)')

    def _administer(self, statement):
        if connection.vendor == "postgresql":
            with closing(connections["default"].copy()) as another, another.cursor() as cursor:
                cursor.execute(statement)


@contextmanager
def without_table(model):
    """As in a database that was not migrated."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO gone")
        try:
            yield
        finally:
            cursor.execute(f"ALTER TABLE gone RENAME TO {table}")

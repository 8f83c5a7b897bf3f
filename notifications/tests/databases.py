"""Databases beside that of the tests, of the same kind."""

from contextlib import closing
from pathlib import Path

from django.db import connection, connections


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

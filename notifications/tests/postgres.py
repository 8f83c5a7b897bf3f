"""A private PostgreSQL for tests that restart it or end its sessions."""

from django.core.management import call_command
from django.db import connections

from perftests.load.services import postgres, programs

ALIAS = "private"


def postgres_is_installed():
    return programs.has_program("postgres")


class PrivatePostgres(postgres.PrivatePostgres):
    """A real server on a free port of this machine, as the database `private` of Django."""

    def __enter__(self):
        super().__enter__()
        connections.settings[ALIAS] = self._settings()
        call_command("migrate", database=ALIAS, verbosity=0)
        return self

    def __exit__(self, *error):
        connections[ALIAS].close()
        del connections[ALIAS]
        del connections.settings[ALIAS]
        super().__exit__(*error)

    def restart(self):
        self.kill()
        self.start()

    def _settings(self):
        settings = {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": "127.0.0.1",
            "PORT": self.port,
            "USER": "postgres",
            "NAME": "postgres",
        }
        return connections.configure_settings({"default": {}, ALIAS: settings})[ALIAS]


class PrivateRouter:
    """All tables are in the private server."""

    def db_for_read(self, model, **hints):
        return ALIAS

    db_for_write = db_for_read

"""What the commands of this app have in common."""

from typing import Any

from django.core.management.base import CommandError
from django.db import Error, InterfaceError, OperationalError
from django.utils.translation import gettext as _

from notifications.db.recovery import sqlstate
from notifications.management.commands._printing import PrintingCommand

_LACKS_SOMETHING = ("42P01", "42703", "42501", "25006")
"""On PostgreSQL, of a table, a column, a permission and a server that can be written to. SQLite has
an OperationalError for each."""


class DatabaseCommand(PrintingCommand):
    """A command that says in one sentence that its database cannot be used: gone, full, locked,
    or without the tables.
    """

    def execute(self, *args: Any, **options: Any) -> str | None:
        """As Django's, checks included; raises `CommandError` for what the database refuses."""
        try:
            return super().execute(*args, **options)
        except Error as error:
            if not is_unusable(error):
                raise
            raise CommandError(
                _(
                    "The database cannot be used, check DATABASES and `manage.py migrate`: {reason}"
                ).format(reason=reason_of(error))
            ) from error


def is_unusable(error: Error) -> bool:
    """Whether it is about the database, and not about what it was asked."""
    if isinstance(error, OperationalError | InterfaceError):
        return True
    return sqlstate(error) in _LACKS_SOMETHING


def reason_of(error: Error) -> str:
    """In one line, without the statement that PostgreSQL points into."""
    return " ".join(str(error).partition("\nLINE ")[0].split())

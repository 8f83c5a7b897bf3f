"""What the commands of this app have in common."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext as _


class DatabaseCommand(BaseCommand):
    """A command that says in one sentence that its database cannot be used: gone, full, locked,
    or without the tables.
    """

    def execute(self, *args: Any, **options: Any) -> str | None:
        """As Django's, checks included; raises `CommandError` for what the database refuses."""
        try:
            return super().execute(*args, **options)
        except (OperationalError, InterfaceError) as error:
            reason = " ".join(str(error).split())
            raise CommandError(
                _(
                    "The database cannot be used, check DATABASES and `manage.py migrate`: {reason}"
                ).format(reason=reason)
            ) from error

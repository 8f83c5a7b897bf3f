"""`manage.py export_notifications ada > ada.jsonl`: what is stored about a user."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from notifications.management.commands._database import DatabaseCommand
from notifications.management.commands._users import user_named
from notifications.privacy import export_user


class Command(DatabaseCommand):
    help = _("Print what is stored about a user, as a line of JSON for each notification.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", metavar="username")

    def handle(self, *, user: str, **options: Any) -> None:
        for line in export_user(user_named(user)):
            self.stdout.write(line)

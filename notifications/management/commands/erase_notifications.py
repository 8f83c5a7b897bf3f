"""`manage.py erase_notifications`: what a user has goes, and her name in others' lists."""

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from notifications.management.commands._database import DatabaseCommand
from notifications.management.commands._users import user_named
from notifications.privacy import erase_user


class Command(DatabaseCommand):
    help = _(
        "Delete what was sent to a user, with the texts that nobody else has, and let the "
        'notifications of others name "somebody" instead of her. It cannot be undone; '
        "export_notifications writes what there is before."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", metavar="username")

    def handle(self, *, user: str, **options: Any) -> None:
        erased = erase_user(user_named(user))
        self.stdout.write(
            self.style.SUCCESS(
                _(
                    "Deleted {deliveries} deliveries and {notifications} notifications that nobody "
                    "else had; {mentions} of others name {user} no more."
                ).format(**asdict(erased), user=user)
            )
        )

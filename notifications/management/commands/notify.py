"""`manage.py notify`: send a notification from a terminal or a cron job."""

from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import (
    CommandError,
    CommandParser,
    DjangoHelpFormatter,
)
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from notifications.exceptions import InvalidNotification, NotificationError
from notifications.management.commands._database import DatabaseCommand
from notifications.management.commands._users import check_name, user_named
from notifications.models import Delivery, Level
from notifications.send import notify
from notifications.sending.plain import parse_data

EXAMPLES = """
  manage.py notify "Deploy at six" --all
  manage.py notify "Your order has shipped" alice bob --level success --url /orders/17/
  manage.py notify "Disk is full" --group operators --level error --key disk-full-2026-11
"""


class HelpFormatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Keeps the lines of the examples."""


class Command(DatabaseCommand):
    help = _("Send a notification to users by name, to a group, or to everybody who is active.")

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name,
            subcommand,
            epilog=_("examples:") + EXAMPLES,
            formatter_class=HelpFormatter,
            **kwargs,
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("title")
        parser.add_argument("users", nargs="*", metavar="username")
        parser.add_argument("--group", help=_("the name of a group of users"))
        parser.add_argument("--all", action="store_true", help=_("every active user"))
        parser.add_argument("--body", default="")
        parser.add_argument("--level", default=Level.INFO, help=", ".join(Level.values))
        parser.add_argument("--category", default="")
        parser.add_argument("--url", default="", help=_("where a click leads"))
        parser.add_argument("--data", default="{}", help=_("a JSON object for the client"))
        parser.add_argument("--key", help=_("sending the same key again adds nothing"))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            notification = notify(
                _recipients(options),
                options["title"],
                body=options["body"],
                level=options["level"],
                category=options["category"],
                url=options["url"],
                data=_data(options["data"]),
                key=options["key"],
            )
        except NotificationError as error:
            raise CommandError(str(error)) from error
        # Where it was written: a replica may not have it yet.
        deliveries = Delivery.objects.using(notification._state.db)
        reached = deliveries.filter(notification=notification).count()
        self.stdout.write(
            self.style.SUCCESS(
                ngettext(
                    "Notification {number} is queued for {count} user.",
                    "Notification {number} is queued for {count} users.",
                    reached,
                ).format(number=notification.pk, count=reached)
            )
        )


def _recipients(options: dict[str, Any]) -> Any:
    chosen = [bool(options["users"]), bool(options["group"]), options["all"]]
    if sum(chosen) != 1:
        raise CommandError(_("Name the users, or --group NAME, or --all: one of the three."))
    if options["all"]:
        return get_user_model()._default_manager.all()
    if options["group"]:
        return _group(options["group"])
    return [user_named(name) for name in options["users"]]


def _data(text: str) -> Any:
    try:
        return parse_data(text)
    except InvalidNotification as error:
        raise CommandError(f"--{error}") from error


def _group(name: str) -> Group:
    check_name(name)
    try:
        return Group.objects.get(name=name)
    except Group.DoesNotExist:
        raise CommandError(_("There is no group {name!r}.").format(name=name)) from None

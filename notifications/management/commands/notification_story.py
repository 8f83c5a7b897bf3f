"""`manage.py notification_story 17 ada`: did she get it?"""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from notifications.management.commands._database import DatabaseCommand
from notifications.management.commands._users import user_named
from notifications.models import Notification
from notifications.store.database import database
from notifications.story.steps import story_of


class Command(DatabaseCommand):
    help = _("Print what became of a notification for a user: when it arrived, or why it did not.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=int)
        parser.add_argument("user", metavar="username")

    def handle(self, *, id: int, user: str, **options: Any) -> None:  # noqa: A002 - the argument
        found = Notification.objects.using(database()).filter(pk=id).first()
        if found is None:
            raise CommandError(_("There is no notification {id}.").format(id=id))
        for step in story_of(found, user_named(user).pk):
            self.stdout.write(str(step))

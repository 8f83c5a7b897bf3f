"""`manage.py notifications_doctor`: is it well, and what to do if it is not."""

from itertools import chain
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import Error
from django.utils.translation import gettext as _

from notifications.health.doctor import Finding, examine
from notifications.management.commands._database import is_unusable, reason_of
from notifications.management.commands._printing import PrintingCommand
from notifications.management.commands._users import user_named


class Command(PrintingCommand):
    help = _(
        "Look at the settings, the database, the channel layer and, if asked to, at a server and "
        "at a notification from its sending to its ack; say what to do about what is not well."
    )
    requires_system_checks = []  # it runs them itself, and goes on

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--user", help=_("send this user a notification, which is deleted again")
        )
        parser.add_argument("--ready-url", default="", help=_("the ready view of a server process"))

    def handle(self, *, user: str | None, ready_url: str, **options: Any) -> None:
        whom, unsent = _look_up(user) if user else (None, [])
        sick = 0
        for finding in chain(examine(whom, ready_url), unsent):
            sick += not finding.well
            self._tell(finding)
        if sick:
            raise CommandError(_("Not well: {count}.").format(count=sick))

    def _tell(self, finding: Finding) -> None:
        words = {True: _("well"), False: _("ILL")}
        word = words[finding.well].ljust(max(map(len, words.values())))
        style = self.style.SUCCESS if finding.well else self.style.ERROR
        self.stdout.write(f"{style(word)}  {finding.what}: {finding.seen}")
        if not finding.well and finding.advice:
            self.stdout.write(f"      {finding.advice}")


def _look_up(name: str) -> tuple[Any, list[Finding]]:
    """The user, or that nobody can be sent anything, which keeps nothing from being looked at."""
    try:
        return user_named(name), []
    except Error as error:
        if not is_unusable(error):
            raise
        advice = _("Check DATABASES, and run manage.py migrate.")
        return None, [Finding(_("notification"), False, reason_of(error), advice)]

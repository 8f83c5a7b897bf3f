"""`manage.py import_notifications`: what another app has stored becomes this app's."""

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import IntegrityError
from django.utils.translation import gettext as _

from notifications.exceptions import NotificationError
from notifications.management.commands._batches import add_batch_size
from notifications.management.commands._database import DatabaseCommand
from notifications.moving import SOURCES, TABLE, Imported, import_from


class Command(DatabaseCommand):
    help = _(
        "Copy the notifications of django-notifications-hq, or of its fork, with what is read and "
        "unread. Works in batches; what is there already is left alone, so it can be run again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", required=True, choices=SOURCES, help=_("whose they are"))
        parser.add_argument("--table", default=TABLE, help=_("where they are (default %s)") % TABLE)
        add_batch_size(parser, 2000)
        parser.add_argument("--dry-run", action="store_true", help=_("count, write nothing"))

    def handle(self, *, table: str, batch_size: int, dry_run: bool, **options: Any) -> None:
        done = self._report if options["verbosity"] > 1 else _ignore
        try:
            total = import_from(table, batch_size=batch_size, dry_run=dry_run, done=done)
        except NotificationError as error:
            raise CommandError(f"{str(error)[:1].upper()}{str(error)[1:]}.") from None
        except IntegrityError:
            raise CommandError(
                _("Another import runs. What it writes stays; run this again when it has ended.")
            ) from None
        self._summarise(total, dry_run)

    def _summarise(self, total: Imported, dry_run: bool) -> None:
        for reason in total.reasons:
            self.stderr.write(_("Left out: row {reason}").format(reason=reason))
        if dry_run:
            said = _("Would import {imported} of {looked_at}; {present} are there already.")
        else:
            said = _("Imported {imported} of {looked_at}; {present} were there already.")
        left_out = _(
            "Left out: {deleted} that their users had deleted, {too_old} older than KEEP_DAYS, "
            "{refused} that cannot be sent."
        )
        numbers = asdict(total) | {"looked_at": total.looked_at}
        for sentence in (said, left_out):
            self.stdout.write(self.style.SUCCESS(sentence.format(**numbers)))

    def _report(self, total: Imported) -> None:
        self.stdout.write(f"  {total.looked_at}")


def _ignore(total: Imported) -> None:
    pass

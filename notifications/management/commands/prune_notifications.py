"""`manage.py prune_notifications`: run it once a day."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from notifications.conf import get_settings
from notifications.management.commands._batches import add_batch_size
from notifications.management.commands._database import DatabaseCommand
from notifications.privacy import forget_gone_users
from notifications.store.limits import drop_excess_of_all
from notifications.store.pruning import prunable, prune


class Command(DatabaseCommand):
    help = _(
        "Delete notifications by age, with their deliveries, expired ones, and those that nobody "
        "has; forget the names of users who are gone; apply the limits of the offline queue. Works "
        "in batches, so a site can stay up."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        # Settings that make no sense are refused by the checks, which run after this.
        parser.add_argument(
            "--days", type=float, help=_("delete what is older (default: the setting KEEP_DAYS)")
        )
        add_batch_size(parser, 10_000)
        parser.add_argument("--dry-run", action="store_true", help=_("count, delete nothing"))

    def handle(self, *, days: float | None, batch_size: int, dry_run: bool, **options: Any) -> None:
        if days is None:
            days = get_settings().KEEP_DAYS
        if not days >= 0:  # NaN is no number of days
            raise CommandError(_("--days is at least 0."))
        if dry_run:
            found = prunable(days)
            self.stdout.write(
                _("Would delete {deliveries} deliveries and {notifications} notifications.").format(
                    deliveries=found.deliveries, notifications=found.notifications
                )
            )
            return
        dropped = drop_excess_of_all()
        forget_gone_users()
        verbose = options["verbosity"] > 1
        pruned = prune(days, batch_size=batch_size, done=self._report if verbose else _ignore)
        self.stdout.write(
            self.style.SUCCESS(
                _(
                    "Deleted {deliveries} deliveries and {notifications} notifications; dropped "
                    "{dropped} from queues that were too long or too old."
                ).format(
                    deliveries=pruned.deliveries,
                    notifications=pruned.notifications,
                    dropped=dropped,
                )
            )
        )

    def _report(self, rows: int) -> None:
        self.stdout.write(_("  {count} rows").format(count=rows))


def _ignore(rows: int) -> None:
    pass

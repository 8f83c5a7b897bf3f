"""`manage.py prune_notifications`: run it once a day."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from notifications.conf import get_settings
from notifications.management.commands._database import DatabaseCommand
from notifications.privacy import forget_gone_users
from notifications.store.limits import drop_excess_of_all
from notifications.store.pruning import prunable, prune


class Command(DatabaseCommand):
    help = (
        "Delete notifications by age, with their deliveries, expired ones, and those that nobody "
        "has; forget the names of users who are gone; apply the limits of the offline queue. Works "
        "in batches, so a site can stay up."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        keep = get_settings().KEEP_DAYS
        parser.add_argument(
            "--days", type=float, default=keep, help=f"delete what is older (default {keep:g})"
        )
        parser.add_argument(
            "--batch-size", type=int, default=10_000, help="rows per transaction (default 10000)"
        )
        parser.add_argument("--dry-run", action="store_true", help="count, delete nothing")

    def handle(self, *, days: float, batch_size: int, dry_run: bool, **options: Any) -> None:
        if not days >= 0 or batch_size < 1:  # NaN is no number of days
            raise CommandError("--days is at least 0 and --batch-size at least 1.")
        if dry_run:
            found = prunable(days)
            self.stdout.write(
                f"Would delete {found.deliveries} deliveries and {found.notifications} "
                "notifications."
            )
            return
        dropped = drop_excess_of_all()
        forget_gone_users()
        verbose = options["verbosity"] > 1
        pruned = prune(days, batch_size=batch_size, done=self._report if verbose else _ignore)
        self.stdout.write(
            self.style.SUCCESS(
                f"Deleted {pruned.deliveries} deliveries and {pruned.notifications} "
                f"notifications; dropped {dropped} from queues that were too long or too old."
            )
        )

    def _report(self, rows: int) -> None:
        self.stdout.write(f"  {rows} rows")


def _ignore(rows: int) -> None:
    pass

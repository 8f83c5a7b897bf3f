"""`manage.py renew_epoch`: run it once after the database was restored from a backup."""

from typing import Any

from django.utils.translation import gettext as _

from notifications.management.commands._database import DatabaseCommand
from notifications.store.epoch import renew


class Command(DatabaseCommand):
    help = _(
        "Let clients forget the ids that they have kept: run it after the database was restored "
        "from a backup, as ids are given again then. Servers notice within seconds, and let their "
        "clients come back."
    )

    def handle(self, **options: Any) -> None:
        self.stdout.write(self.style.SUCCESS(_("The epoch is now {name}.").format(name=renew())))

"""`manage.py demo`: users to sign in with, and something for them to read."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, connection, transaction
from django.utils.crypto import get_random_string

from notifications.models import Delivery, Level
from notifications.send import notify

USERS = ("demo", "demo2")
SUPERUSER = "admin"

NEXT_STEPS = """
Next:
  python manage.py runserver
  http://127.0.0.1:8000/                       sign in as demo: a page that hears
  http://127.0.0.1:8000/notifications/inbox/   the bell and the inbox
  http://127.0.0.1:8000/admin/                 sign in as admin: notifications and stored runs

Then, in a second terminal, watch this arrive:
  python manage.py notify "Hello" demo
"""


class Command(BaseCommand):
    help = "Make the users demo, demo2 and admin with sample notifications, for development."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--password",
            help="Set this password, also for those who exist (default: a random one, new users).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        require_development()
        require_tables()
        with transaction.atomic():
            password = options["password"] or get_random_string(12)
            created = make_users(password)
            if options["password"]:
                set_password(password)
            send_samples()
        if created or options["password"]:
            names = ", ".join([*USERS, SUPERUSER] if options["password"] else created)
            self.stdout.write(f"Password of {names}: {self.style.SUCCESS(password)}")
        else:
            self.stdout.write("All of them exist; --password PASSWORD sets a new password.")
        self.stdout.write(NEXT_STEPS)


def require_development() -> None:
    """Raise `CommandError` where a password on a screen would open a real site."""
    if not settings.DEBUG:
        raise CommandError("DEBUG is off: demo users are for development only.")


def require_tables() -> None:
    """Raise `CommandError` unless the database is there and migrated."""
    try:
        tables = connection.introspection.table_names()
    except Error as error:
        reason = " ".join(str(error).split())
        raise CommandError(f"The database cannot be used, check DATABASE_URL: {reason}") from error
    if Delivery._meta.db_table not in tables:
        raise CommandError("The database has no tables yet: run manage.py migrate first.")


def make_users(password: str) -> list[str]:
    """The names of those who did not exist; the others stay as they are."""
    names = (*USERS, SUPERUSER)
    existing = set(User.objects.filter(username__in=names).values_list("username", flat=True))
    created = [name for name in names if name not in existing]
    for name in created:
        is_admin = name == SUPERUSER
        User.objects.create_user(name, password=password, is_staff=is_admin, is_superuser=is_admin)
    return created


def set_password(password: str) -> None:
    for user in User.objects.filter(username__in=[*USERS, SUPERUSER]):
        user.set_password(password)
        user.save(update_fields=["password"])


def send_samples() -> None:
    """Once, however often the command runs: the keys see to that."""
    everybody = User.objects.filter(username__in=[*USERS, SUPERUSER])
    users = User.objects.filter(username__in=USERS)
    notify(
        everybody,
        "Welcome",
        body="Notifications arrive here while you look, and wait while you are away.",
        url="/",
        key="demo.welcome",
    )
    notify(users, "Your order has shipped", level=Level.SUCCESS, key="demo.shipped")
    notify(
        users,
        "Your trial ends in three days",
        body="Add a payment method to keep your projects.",
        level=Level.WARNING,
        category="billing",
        key="demo.trial",
    )
    notify(users, "The nightly backup failed", level=Level.ERROR, key="demo.backup")

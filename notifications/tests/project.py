"""A small site of its own, with a user model of its own, in a process of its own."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from django.conf import settings

from .databases import OwnDatabase

SETTINGS = """
SECRET_KEY = "x"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions",
    "notifications", "accounts",
]
AUTH_USER_MODEL = "accounts.User"
CHANNEL_LAYERS = {"default": {"BACKEND": "notifications.tests.listening.CountingLayer"}}
"""

BEGIN = """
import json, sys
import django
django.setup()
from django.core.management import call_command
from django.core.checks import run_checks
from django.db import connection, connections, transaction
if MIGRATE:
    call_command("makemigrations", "accounts", verbosity=0)
    for alias in connections:
        call_command("migrate", database=alias, verbosity=0)
from django.contrib.auth.models import Group
from accounts.models import *
from notifications.exceptions import *
from notifications.models import Delivery, Notification
from notifications.send import notify

def reached(recipients, **options):
    notification = notify(recipients, "Hi", **options)
    rows = Delivery.objects.filter(notification=notification).order_by("pk")
    return sorted(map(str, rows.values_list("recipient__name", flat=True)))

def refused(recipients, **options):
    try:
        reached(recipients, **options)
    except (InvalidRecipient, InvalidNotification) as error:
        return str(error)

def problems():
    return {problem.id: problem.msg for problem in run_checks(tags=["notifications"])}

def tell(answer):
    print(json.dumps(answer))
"""


class Project:
    """Its databases, one for each of `aliases`, are of the same kind as those of the tests."""

    def __init__(self, folder, models, more_settings="", aliases=("default",)):
        self._folder, self._stack = Path(folder), ExitStack()
        self._databases = {
            alias: OwnDatabase(f"project_{os.getpid()}_{alias}", folder) for alias in aliases
        }
        app = self._folder / "accounts"
        (app / "migrations").mkdir(parents=True)
        (app / "__init__.py").touch()
        (app / "migrations" / "__init__.py").touch()
        (app / "models.py").write_text(models)
        databases = {alias: database.settings for alias, database in self._databases.items()}
        text = f"DATABASES = {databases!r}\n{SETTINGS}\n{more_settings}"
        (self._folder / "site_settings.py").write_text(text)

    def __enter__(self):
        for database in self._databases.values():
            self._stack.enter_context(database)
        return self

    def __exit__(self, *error):
        self._stack.__exit__(*error)

    def run(self, script, *, migrate=True):
        """What the script tells, in order."""
        paths = f"{self._folder}{os.pathsep}{settings.BASE_DIR}"
        done = subprocess.run(
            [sys.executable, "-c", f"MIGRATE = {migrate}\n{BEGIN}{script}"],
            env={**os.environ, "PYTHONPATH": paths, "DJANGO_SETTINGS_MODULE": "site_settings"},
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise AssertionError(done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

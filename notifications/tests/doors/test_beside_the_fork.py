"""django-notifications-community, the fork of django-notifications-hq that is kept, beside us."""

import json
import os
import tempfile
from pathlib import Path
from unittest import SkipTest

from django.conf import settings
from django.test import SimpleTestCase, tag

from ..databases import OwnDatabase
from ..own_environment import OwnEnvironment, RegistryUnreachable

FORK = "django-notifications-community"
OURS = "django-durable-notifications"

SITE = """
SECRET_KEY = "x"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "notifications"]
CHANNEL_LAYERS = {"default": {"BACKEND": "notifications.layers.InProcessChannelLayer"}}
"""

SET_UP = """
import json
import django
django.setup()
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from notifications.models import Notification
call_command("migrate", verbosity=0)
"""

FILL = """
from notifications.signals import notify
ada, grace = (User.objects.create(username=name) for name in ("ada", "grace"))
notify.send(ada, recipient=grace, verb="liked", target=ada, description="your engine")
notify.send(grace, recipient=ada, verb="answered")
may = Permission.objects.get(codename="view_notification", content_type__app_label="notifications")
readers = Group.objects.create(name="readers")
readers.permissions.add(may)
grace.groups.add(readers)
"""

IMPORTED = """
from notifications.models import Delivery, Notification
with open("import.log", "w") as log:
    call_command("import_notifications", "--from=django-notifications-community", stdout=log)
rows = Delivery.objects.order_by("pk").select_related("notification", "recipient")
print(json.dumps([[d.recipient.username, d.notification.title, d.notification.body,
    d.state, d.notification.actor.username, str(d.notification.target)] for d in rows]))
"""

TELL = """
grace = User.objects.get(username="grace")
rows = list(Notification.objects.order_by("pk").values())
print(json.dumps([rows, sorted(grace.get_all_permissions())], default=str))
"""

SEND = """
from notifications.models import Delivery
from notifications.send import notify
grace = User.objects.get(username="grace")
sent = [notify([grace], "Hi").pk for _ in range(2)]
queued = Delivery.objects.queued().filter(recipient=grace).count()
ours = Permission.objects.filter(content_type__app_label="durable_notifications").count()
print(json.dumps([sent, queued, ours]))
"""


@tag("slow")
@tag("own_environment", "on_request", "slow")
class BesideTheForkTests(SimpleTestCase):
    """In an environment and a database of their own; nothing of either is there at first."""

    databases = {"default"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="fork-")))
        cls.environment = OwnEnvironment(folder / "environment")
        wheels = folder / "wheels"
        try:
            cls.environment.pip("wheel", "--no-deps", "-w", wheels, FORK, settings.BASE_DIR)
        except RegistryUnreachable:
            raise SkipTest("pip does not reach the registry of packages") from None
        cls.wheels = {wheel.name.split("-")[0]: wheel for wheel in wheels.iterdir()}

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="fork-")))
        database = self.enterContext(OwnDatabase(f"fork_{os.getpid()}", self.folder))
        text = f"DATABASES = {{'default': {database.settings!r}}}\n{SITE}"
        (self.folder / "fork_settings.py").write_text(text)
        self.addCleanup(self.uninstall, *self.wheels)

    def install(self, name):
        self.environment.pip(
            "install", "--no-deps", "--force-reinstall", self.wheels[name.replace("-", "_")]
        )

    def uninstall(self, *names):
        self.environment.pip("uninstall", "--yes", *names)

    def python(self, *words, before=()):
        """Run it with these words, and with what is in the folders of `before` first."""
        path = os.pathsep.join(map(str, [*before, self.folder]))
        return self.environment.python(
            *words, folder=self.folder, PYTHONPATH=path, DJANGO_SETTINGS_MODULE="fork_settings"
        )

    def ask(self, script, **options):
        """What the script prints; it has to end well."""
        ran = self.python("-c", script, **options)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return json.loads(ran.stdout)

    def test_tables_and_rows_of_the_fork_stay_and_those_of_this_app_are_beside_them(self):
        self.install(FORK)
        before = self.ask(SET_UP + FILL + TELL)
        self.assertEqual([row["verb"] for row in before[0]], ["liked", "answered"])
        self.assertEqual(before[1], ["notifications.view_notification"])
        ours = self.ask(SET_UP + SEND, before=[settings.BASE_DIR])
        # Permissions: four for each of three models, to erase and to export.
        self.assertEqual(ours, [[1, 2], 2, 3 * 4 + 2])
        self.assertEqual(self.ask(SET_UP + TELL), before)

    def test_the_notifications_of_the_fork_are_imported_once_and_stay_there(self):
        self.install(FORK)
        before = self.ask(SET_UP + FILL + TELL)
        liked = ["grace", "ada liked ada", "your engine", "delivered", "ada", "ada"]
        answered = ["ada", "grace answered", "", "delivered", "grace", "None"]
        for _ in range(2):
            found = self.ask(SET_UP + IMPORTED, before=[settings.BASE_DIR])
            self.assertEqual(found, [liked, answered])
        self.assertEqual(self.ask(SET_UP + TELL), before)

    def test_a_fork_in_the_same_folder_is_refused_by_a_check_until_its_hint_was_followed(self):
        self.install(FORK)
        self.install(OURS)
        ran = self.python("-m", "django", "migrate")
        self.assertEqual((ran.returncode, ran.stdout), (1, ""))
        self.assertIn("notifications.E009", ran.stderr)
        self.assertIn(f"Uninstall {FORK}, then install this app again", ran.stderr)
        self.uninstall(FORK)
        self.install(OURS)
        ran = self.python("-m", "django", "migrate")
        self.assertIn("Applying durable_notifications.0001_initial... OK", ran.stdout)
        self.assertNotIn("Applying notifications.", ran.stdout)

    def test_a_fork_that_was_installed_later_is_told_before_anything_is_migrated(self):
        self.install(OURS)
        self.install(FORK)
        ran = self.python("-m", "django", "migrate")
        self.assertEqual((ran.returncode, ran.stdout), (1, ""))
        last = ran.stderr.splitlines()[-1]
        self.assertIn("ImproperlyConfigured: Another distribution has written over files", last)
        self.assertIn(f"pip uninstall {FORK}", last)

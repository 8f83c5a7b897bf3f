"""What `notifications` adds to the start of each command and process of a site."""

import os
import subprocess
import sys
import tempfile

from django.conf import settings
from django.test import SimpleTestCase, tag

LIMIT_MILLISECONDS = 30
LIMIT_SHARE = 0.35
"""Of Django's own start, for machines on which that takes more than 85 ms."""

MOST_PAIRS = 15

START = """
import sys, time
from django.conf import settings
APPS = ["django.contrib.contenttypes", "django.contrib.auth", *sys.argv[1:]]
LAYER = {"BACKEND": "notifications.layers.InProcessChannelLayer"}
DATABASE = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
settings.configure(
    INSTALLED_APPS=APPS, CHANNEL_LAYERS={"default": LAYER}, DATABASES={"default": DATABASE})
import django
begun = time.process_time()
django.setup()
if sys.argv[1:]:
    import notifications.send
print((time.process_time() - begun) * 1000)
print(*{name.partition(".")[0] for name in sys.modules})
"""


@tag("slow", "alone")
class ImportTimeTests(SimpleTestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        # Compiled once, as installed packages are.
        self.environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def start(self, *apps):
        """Milliseconds of CPU that it took, and the packages that are imported then."""
        done = subprocess.run(
            [sys.executable, "-c", START, *apps],
            cwd=settings.BASE_DIR,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        milliseconds, packages = done.stdout.splitlines()
        return float(milliseconds), set(packages.split())

    def test_the_app_adds_30_milliseconds_to_the_start_of_django_at_most(self):
        alone, whole = [self.start()[0]], [self.start("notifications")[0]]  # these two compile
        for _ in range(MOST_PAIRS):
            alone.append(self.start()[0])
            whole.append(self.start("notifications")[0])
            added = min(whole) - min(alone)
            limit = max(LIMIT_MILLISECONDS, LIMIT_SHARE * min(alone))
            if added <= limit and len(alone) > 3:
                return
        self.assertLessEqual(added, limit)

    def test_the_app_imports_no_server_broker_or_driver_before_it_needs_one(self):
        brought = self.start("notifications")[1] - self.start()[1]
        foreign = {name for name in brought - sys.stdlib_module_names if not name.startswith("_")}
        self.assertLessEqual(foreign, {"notifications", "channels", "msgspec", "typing_extensions"})

"""The wheel in empty environments: `nox -s wheel`.

It takes a registry and Python 3.12, so `manage.py test` does not find it by itself.
"""

import json
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from zipfile import ZipFile

from django.conf import settings
from django.test import SimpleTestCase
from websockets.sync.client import connect

from .environments import Environment, build_wheel, run
from .lab_alone import CHANNELS, assert_stands_alone
from .own_project import OwnProject

DAPHNE = "daphne>=4.2.3"
LIMIT_SECONDS = 10
MEGABYTE = 1_000_000
MOST_ALONE, MOST_WITH_UVICORN, MOST_BESIDE_DAPHNE = 6, 12, 5
MAY_BRING = {"asgiref", "channels", "django", "django-durable-notifications", "msgspec", "sqlparse"}

TICKET = """
from django.contrib.auth.models import User
from notifications.tickets import make_ticket
print(make_ticket(User.objects.get(username="ada")))
"""

IMPORT_ALL = """
import pkgutil, notifications
MODULES = ("layers.redis", "uvicorn", "testing.fixtures", "health.metrics")
NEED_MORE = tuple(f"notifications.{module}" for module in MODULES)
for module in pkgutil.walk_packages(notifications.__path__, "notifications."):
    if not module.name.startswith(NEED_MORE):
        __import__(module.name)
"""


class WheelTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wheel = build_wheel(cls.new_folder())
        cls.alone = cls.environment()
        cls.served = cls.environment(DAPHNE, "django~=5.2.0")

    @classmethod
    def new_folder(cls):
        return Path(cls.enterClassContext(tempfile.TemporaryDirectory()))

    @classmethod
    def environment(cls, *requirements, extras=""):
        return Environment(cls.new_folder(), f"{cls.wheel}{extras}", *requirements)

    def project(self, environment):
        """One that follows docs/start/first-notification.md."""
        project = OwnProject(self.new_folder(), environment.python)
        project.follow_the_page()
        return project

    def test_the_wheel_holds_all_of_both_apps_but_their_tests_and_nothing_else(self):
        tracked = run("git", "ls-files", "notifications", "perftests").split()
        with ZipFile(self.wheel) as wheel:
            packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
        product = {name for name in tracked if name.split("/")[1] != "tests"}
        self.assertEqual(packed, product)
        self.assertIn("notifications/py.typed", packed)
        self.assertIn("perftests/py.typed", packed)

    def test_the_wheel_is_smaller_than_a_megabyte(self):
        self.assertLess(self.wheel.stat().st_size, MEGABYTE)

    def test_notifications_alone_brings_django_channels_and_msgspec_and_what_they_need(self):
        self.assertLessEqual(self.alone.distributions(), MAY_BRING)
        self.assertEqual(len(MAY_BRING), MOST_ALONE)

    def test_with_uvicorn_it_is_twelve_distributions_at_most(self):
        brought = self.environment("uvicorn>=0.54", "websockets>=16").distributions()
        sys.stderr.write(f"\n{len(brought)} distributions with uvicorn and websockets\n")
        self.assertLessEqual(len(brought), MOST_WITH_UVICORN)

    def test_without_any_extra_a_socket_hears_what_is_sent(self):
        project = self.project(self.alone)
        project.add_settings('INSTALLED_APPS.remove("daphne")')
        project.prepare()
        project.manage("check", "--fail-level", "WARNING")
        project.manage("shell", "-v0", "-c", IMPORT_ALL)
        self.assertEqual(project.heard("Hello"), "Hello")

    def test_the_wheel_in_a_new_project_of_django_5_2_reaches_a_socket_over_daphne(self):
        self.assert_reaches_a_socket("5.2", self.served)

    def test_the_wheel_in_a_new_project_of_django_6_1_reaches_a_socket_over_daphne(self):
        self.assert_reaches_a_socket("6.1", self.environment(DAPHNE, "django~=6.1.0"))

    def assert_reaches_a_socket(self, django, environment):
        project = self.project(environment)
        project.prepare()
        project.manage("check", "--fail-level", "WARNING")
        with project.server() as server, closing(self.socket(project, server)) as socket:
            self.assertEqual(json.loads(socket.recv(LIMIT_SECONDS))["type"], "hello")
            project.manage("notify", "Hello", "ada")
            self.assertEqual(json.loads(socket.recv(LIMIT_SECONDS))["title"], "Hello")
        self.assertIn("ASGI/Daphne", server.log())
        self.assert_brought_little(environment, django)

    def socket(self, project, server):
        ticket = project.manage("shell", "-v0", "-c", TICKET).strip()
        protocols = ["notifications.v1", f"ticket.{ticket}"]
        return connect(
            f"{server.url.replace('http', 'ws')}/ws/notifications/", subprotocols=protocols
        )

    def assert_brought_little(self, environment, django):
        brought = environment.distributions()
        of_daphne = Environment(self.new_folder(), DAPHNE).distributions()
        own = brought - of_daphne
        sys.stderr.write(
            f"\nDjango {django}: {len(brought)} distributions with Daphne, "
            f"which alone brings {len(of_daphne)}: {', '.join(sorted(of_daphne))}\n"
        )
        self.assertLessEqual(len(own), MOST_BESIDE_DAPHNE)
        self.assertLessEqual(own, MAY_BRING)

    def test_the_redis_layer_without_its_extra_is_told_in_a_sentence(self):
        project = self.project(self.served)
        layer = {"default": {"BACKEND": "notifications.layers.RedisChannelLayer"}}
        project.add_settings(f"CHANNEL_LAYERS = {layer!r}")
        said = project.refused("check")
        self.assertRegex(said, r"needs \w+, which is not installed: .*notifications\[redis\]'")
        self.assertNotIn("Traceback", said)

    def test_perftests_without_its_extra_is_told_in_a_sentence(self):
        project = self.project(self.served)
        project.add_settings('INSTALLED_APPS = [..., "perftests"]')
        for command in ("check", "perf"):
            with self.subTest(command):
                said = project.refused(command)
                self.assertRegex(said, r"perftests needs .*psutil.*notifications\[perf\]'\n$")
                self.assertNotIn("ModuleNotFoundError", said)

    def test_the_extra_load_brings_what_the_load_clients_import(self):
        environment = self.environment(extras="[load]")
        clients = (settings.BASE_DIR / "perftests" / "load" / "clients").glob("[a-z]*.py")
        imports = [f"import perftests.load.clients.{client.stem}" for client in clients]
        self.assertGreater(len(imports), 5)
        run(environment.python, "-P", "-c", "\n".join(imports))

    def test_the_extra_perf_measures_in_a_new_project(self):
        environment = self.environment(extras="[perf]")
        self.assert_measures_ours(self.project(environment))
        for settings_of_channels in ("", CHANNELS):
            with self.subTest("the lab alone", channels=bool(settings_of_channels)):
                project = OwnProject(self.new_folder(), environment.python)
                project.add_settings(settings_of_channels)
                project.follow_the_page_of_the_lab()
                assert_stands_alone(self, project)

    def assert_measures_ours(self, project):
        project.add_settings('INSTALLED_APPS = [..., "perftests"]')
        project.add_settings('DATABASES["default"]["TEST"] = {"NAME": BASE_DIR / "test.sqlite3"}')
        label = "perftests.suites.notification.test_performance"
        test = "NotificationPerformanceTests.test_statistics_of_all_deliveries_are_cheap"
        project.manage("perf", f"{label}.{test}", "--scale=smoke")

import math
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from unittest import mock

from django.core.checks import run_checks
from django.db import connections
from django.db.backends.dummy import base as dummy
from django.test import SimpleTestCase, override_settings, tag

from notifications.conf import Settings

BAD = {
    "WINDOW": [0, -1, 1.5, "64", None, True, math.nan, math.inf],
    "MAX_PAYLOAD_BYTES": [255, 65_537, 1000.5, None],
    "MAX_FRAME_BYTES": [1023, None],
    "FRAMES_PER_SECOND": [0, "fast"],
    "MAX_REFUSED_FRAMES": [0],
    "MAX_SOCKETS_PER_USER": [0],
    "ACK_TIMEOUT_SECONDS": [74.9, math.nan, math.inf, "90"],
    "HEARTBEAT_TIMEOUT_SECONDS": [74.9, None],
    "ACK_FLUSH_SECONDS": [0, -1, 11],
    "ACK_FLUSH_SIZE": [0, 2.5],
    "SWEEP_SECONDS": [0, 0.09],
    "SWEEP_GRACE_SECONDS": [-0.1],
    "WATCH_SECONDS": [0, 10.5],
    "FANOUT_LIMIT": [-1, 0.5],
    "PUBLISH_TIMEOUT_SECONDS": [0, 61],
    "BREAKER_SECONDS": [-1],
    "REQUESTS_PER_MINUTE": [0, 1.5],
    "POLL_SECONDS": [0.5, 61],
    "RETRY_SECONDS": [5, (5, 1), (-1, 5), (1,), (1, 2, 3), "ab", (1, math.inf), (1, "2"), None],
    "TICKET_SECONDS": [0, -60],
    "METRICS_TOKEN": [None, 7, "short", "with a space in it", "s" * 15, "e" * 15 + "\u00e9"],
    "ALLOWED_ORIGINS": [
        *("https://app.example", None, 7, {}, [7], [None], ["*"], ["null"], ["app.example"]),
        *(["https://"], ["https://*"], ["https://app.example/"], ["https://app.example/path"]),
        *(["https://a.*.example"], ["https://me@app.example"], ["https://app.example:port"]),
        *(["//app.example"], ["https://app.example "], ["https://ex\u00e4mple.com"], [""]),
    ],
    "MAX_QUEUED": [0, 1.5],
    "MAX_QUEUED_DAYS": [0, None],
    "KEEP_DAYS": [0, "a year"],
    "TRACE_DEVICES": [None, 0, 1, "yes", "False"],
}

GOOD = {
    "WINDOW": [1, 1000],
    "MAX_PAYLOAD_BYTES": [256, 65_536],
    "MAX_FRAME_BYTES": [1024],
    "ACK_TIMEOUT_SECONDS": [75, 75.0],
    "ACK_FLUSH_SECONDS": [0.001, 10],
    "SWEEP_GRACE_SECONDS": [0],
    "FANOUT_LIMIT": [0],
    "BREAKER_SECONDS": [0],
    "TRACE_DEVICES": [False, True],
    "METRICS_TOKEN": ["", "s" * 16, "c2VjcmV0LXNlY3JldA=="],
    "RETRY_SECONDS": [(0, 0), [1, 5], (1.5, 1.5)],
    "ALLOWED_ORIGINS": [
        *([], ["https://app.example"], ("http://localhost:3000", "http://[::1]:8000")),
        *(["https://*.app.example:8443"], ["capacitor://localhost"], ["HTTPS://App.Example"]),
    ],
}


def problems():
    return run_checks(tags=["notifications"])


class SettingsCheckTests(SimpleTestCase):
    def assert_problem(self, number, words):
        (problem,) = problems()
        self.assertEqual(problem.id, f"notifications.{number}")
        self.assertRegex(problem.msg, words)
        self.assertTrue(problem.hint)
        return problem

    @override_settings(NOTIFICATIONS={})
    def test_the_default_settings_pass_the_checks(self):
        self.assertEqual(problems(), [])

    def test_a_setting_that_does_not_exist_is_named_with_those_that_do(self):
        with override_settings(NOTIFICATIONS={"WINDOWS": 1}):
            problem = self.assert_problem("E001", "NOTIFICATIONS has no setting 'WINDOWS'")
        self.assertIn("WATCH_SECONDS, WINDOW", problem.hint)

    def test_each_of_several_settings_that_do_not_exist_is_named(self):
        with override_settings(NOTIFICATIONS={"B": 1, 7: 1, "WINDOW": 0}):
            self.assertEqual([p.id for p in problems()], ["notifications.E001"] * 2)

    def test_settings_that_are_no_dict_are_refused_by_a_check(self):
        for given in (None, [], ["WINDOW"], 7, "WINDOW"):
            with self.subTest(given), override_settings(NOTIFICATIONS=given):
                self.assert_problem("E001", "NOTIFICATIONS is .*not a dict")

    @tag("slow")
    def test_a_bad_value_of_each_setting_is_found_by_a_check(self):
        self.assertEqual(set(BAD), {field.name for field in fields(Settings)})
        for name, values in BAD.items():
            for value in values:
                with (
                    self.subTest(name, value=value),
                    override_settings(NOTIFICATIONS={name: value}),
                ):
                    self.assert_problem("E002", rf"NOTIFICATIONS\['{name}'\] is ")

    def test_the_hint_on_a_bad_setting_says_what_the_value_has_to_be(self):
        for name, value, words in (
            ("WINDOW", 0, "at least 1;"),
            ("WINDOW", 1.5, "a whole number;"),
            ("WINDOW", "64", "a whole number;"),
            ("SWEEP_SECONDS", "5", "a number;"),
            ("ACK_TIMEOUT_SECONDS", 10, "at least 75;"),
            ("WATCH_SECONDS", 11, "above 0 and at most 10;"),
            ("RETRY_SECONDS", (5, 1), "a pair of seconds, the smaller first;"),
        ):
            with self.subTest(name), override_settings(NOTIFICATIONS={name: value}):
                hint = self.assert_problem("E002", name).hint
                self.assertIn(f"It has to be {words} docs/reference/settings.md", hint)

    def test_values_at_the_limits_of_settings_pass_the_checks(self):
        for name, values in GOOD.items():
            for value in values:
                with (
                    self.subTest(name, value=value),
                    override_settings(NOTIFICATIONS={name: value}),
                ):
                    self.assertEqual(problems(), [])

    def test_all_bad_values_of_settings_are_found_at_once(self):
        with override_settings(NOTIFICATIONS={"WINDOW": 0, "TICKET_SECONDS": 0}):
            self.assertEqual([p.id for p in problems()], ["notifications.E002"] * 2)

    @override_settings(CHANNEL_LAYERS={})
    def test_a_site_without_a_channel_layer_has_nothing_to_mend(self):
        self.assertEqual(problems(), [])

    @override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "notifications.layers.RedisLayer"}})
    def test_a_channel_layer_that_does_not_exist_is_named_by_a_check(self):
        self.assert_problem("E008", "RedisLayer")

    @override_settings(
        CHANNEL_LAYERS={"default": {"BACKEND": "notifications.layers.RedisChannelLayer"}}
    )
    def test_the_redis_layer_without_its_packages_names_the_extra_that_brings_them(self):
        modules = {"redis": None, "notifications.layers.redis": None}
        with mock.patch.dict("sys.modules", modules):
            self.assert_problem(
                "E008", r"needs \S*redis, which .* 'django-durable-notifications\[redis\]'\.$"
            )

    def test_a_check_says_why_a_channel_layer_cannot_be_made(self):
        backend = "notifications.layers.InProcessChannelLayer"
        for layer in ({}, {"BACKEND": backend, "CONFIG": {"hots": ["redis://localhost"]}}, backend):
            with self.subTest(layer), override_settings(CHANNEL_LAYERS={"default": layer}):
                self.assert_problem("E008", "cannot be made: ")


@override_settings(ALLOWED_HOSTS=["*"], USE_X_FORWARDED_HOST=False, CSRF_TRUSTED_ORIGINS=[])
class OriginCheckTests(SimpleTestCase):
    def warned(self, **changed):
        with override_settings(**changed):
            found = run_checks(tags=["notifications"], include_deployment_checks=True)
        return "notifications.W001" in {problem.id for problem in found}

    def test_a_deployment_that_names_no_host_that_people_see_is_warned_of(self):
        for hosts in (
            *(["*"], [], ["localhost", "127.0.0.1", "[::1]"], ["backend"], ["10.0.0.7"]),
            *(["*", "web"], ["[fd00::1]"]),
        ):
            with self.subTest(hosts):
                self.assertTrue(self.warned(ALLOWED_HOSTS=hosts))

    def test_a_deployment_that_names_a_host_that_people_see_is_not_warned_of(self):
        for hosts in (
            *(["example.com"], [".example.com"], ["127.0.0.1", "example.com"], ["8.8.8.8"]),
            *(["[2606:4700::1111]"], ["*", "example.com"]),
        ):
            with self.subTest(hosts):
                self.assertFalse(self.warned(ALLOWED_HOSTS=hosts))

    def test_a_deployment_whose_host_another_setting_tells_is_not_warned_of(self):
        origins = ["https://app.example"]
        self.assertFalse(self.warned(USE_X_FORWARDED_HOST=True))
        self.assertFalse(self.warned(CSRF_TRUSTED_ORIGINS=origins))
        self.assertFalse(self.warned(NOTIFICATIONS={"ALLOWED_ORIGINS": origins}))

    def test_a_forwarded_host_that_django_would_refuse_is_warned_of(self):
        self.assertTrue(self.warned(ALLOWED_HOSTS=["backend"], USE_X_FORWARDED_HOST=True))

    def test_a_missing_host_is_warned_of_in_checks_of_deployments_alone(self):
        self.assertEqual(problems(), [])


class ElsewhereRouter:
    def db_for_write(self, model, **hints):
        return "elsewhere" if model._meta.app_label == "durable_notifications" else None


class UsersElsewhereRouter:
    def db_for_write(self, model, **hints):
        return "users" if model._meta.app_label in ("auth", "contenttypes") else None


class DatabaseCheckTests(SimpleTestCase):
    @override_settings(DATABASE_ROUTERS=["notifications.tests.doors.test_checks.ElsewhereRouter"])
    def test_a_database_other_than_postgresql_and_sqlite_is_refused_by_a_check(self):
        connections["elsewhere"] = dummy.DatabaseWrapper({}, "elsewhere")
        self.addCleanup(connections.__delitem__, "elsewhere")
        (problem,) = problems()
        self.assertEqual(problem.id, "notifications.E003")
        self.assertEqual(problem.msg, "notifications does not run on unknown.")
        self.assertIn("Use PostgreSQL or SQLite", problem.hint)

    def test_autocommit_that_is_off_is_refused_by_a_check(self):
        with self.setting("AUTOCOMMIT", False):
            (problem,) = problems()
        self.assertEqual(problem.id, "notifications.E006")
        self.assertEqual(problem.msg, "DATABASES['default']['AUTOCOMMIT'] is off.")
        self.assertIn("call transaction.set_autocommit(False) around your own code", problem.hint)

    @override_settings(
        DATABASE_ROUTERS=["notifications.tests.doors.test_checks.UsersElsewhereRouter"]
    )
    def test_users_and_content_types_in_another_database_are_refused_by_a_check(self):
        connections.settings["users"] = {**connections.settings["default"], "NAME": "elsewhere"}
        self.addCleanup(connections.settings.pop, "users")
        self.addCleanup(connections.__delitem__, "users")
        first, second = problems()
        self.assertEqual((first.id, second.id), ("notifications.E005",) * 2)
        self.assertIn("auth.User is in the database 'users', and notifications in", first.msg)
        self.assertIn("contenttypes.ContentType is in the database 'users'", second.msg)
        self.assertIn("deliveries are written out of the table of users", first.hint)

    @override_settings(
        DATABASE_ROUTERS=["notifications.tests.doors.test_checks.UsersElsewhereRouter"]
    )
    def test_another_alias_of_the_same_database_passes_the_check(self):
        connections.settings["users"] = dict(connections.settings["default"])
        self.addCleanup(connections.settings.pop, "users")
        self.addCleanup(connections.__delitem__, "users")
        self.assertEqual(problems(), [])

    @contextmanager
    def setting(self, name, value):
        kept = connections["default"].settings_dict[name]
        connections["default"].settings_dict[name] = value
        try:
            yield
        finally:
            connections["default"].settings_dict[name] = kept


class PersistentConnectionTests(SimpleTestCase):
    def found(self, **settings):
        entry = {"ENGINE": "django.db.backends.postgresql", "NAME": "n", **settings}
        configured = connections.configure_settings({"default": {}, "other": entry})["other"]
        with mock.patch.dict(connections.settings, other=configured):
            self.assertEqual(connections["other"].vendor, "postgresql")
            self.addCleanup(connections.__delitem__, "other")
            return [problem for problem in problems() if problem.id == "notifications.W002"]

    def test_database_connections_that_threads_keep_are_warned_of_with_the_remedy(self):
        for age in (60, None):
            with self.subTest(age):
                [problem] = self.found(CONN_MAX_AGE=age)
                self.assertIn(f"DATABASES['other'] has CONN_MAX_AGE = {age}", problem.msg)
                self.assertIn("'pool'", problem.hint)
                self.doCleanups()  # the next one is another connection

    def test_database_connections_that_end_with_their_request_are_not_warned_of(self):
        self.assertEqual(self.found(), [])

    @override_settings(ASGI_APPLICATION=None)
    def test_database_connections_that_threads_keep_are_fine_under_wsgi(self):
        self.assertEqual(self.found(CONN_MAX_AGE=60), [])


class InstallationTests(SimpleTestCase):
    def found_beside(self, *files, elsewhere=False):
        """The problems where a distribution with these files is installed, too.

        Into the folder that this app has, or into one elsewhere on the path.
        """
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        info = folder / "another-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Name: another\nVersion: 1.0\n")
        (info / "RECORD").write_text("".join(f"{name},sha256=x,1\n" for name in files))
        app = Path("/elsewhere" if elsewhere else folder, "notifications")
        here = mock.patch("notifications.checks.installation.THIS_APP", app)
        with mock.patch.object(sys, "path", [*sys.path, str(folder)]), here:
            return problems()

    def test_a_distribution_in_another_folder_of_that_name_is_no_problem(self):
        self.assertEqual(self.found_beside("notifications/__init__.py", elsewhere=True), [])

    def test_a_distribution_in_the_same_folder_is_refused_by_a_check(self):
        (problem,) = self.found_beside("another/x.py", "notifications/__init__.py")
        self.assertEqual(problem.id, "notifications.E009")
        self.assertIn("another is installed too", problem.msg)
        self.assertIn("Uninstall another", problem.hint)

    def test_a_distribution_that_holds_this_app_or_another_folder_is_no_problem(self):
        for files in (
            ["notifications/__init__.py", "notifications/checks/__init__.py"],
            ["other/notifications/__init__.py", "notifications_more/__init__.py"],
            [],
        ):
            self.assertEqual(self.found_beside(*files), [])

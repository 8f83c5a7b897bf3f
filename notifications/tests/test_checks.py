import math
from dataclasses import fields

from django.core.checks import run_checks
from django.db import connections
from django.db.backends.dummy import base as dummy
from django.test import SimpleTestCase, override_settings

from notifications.conf import Settings

BAD = {
    "WINDOW": [0, -1, 1.5, "64", None, True, math.nan, math.inf],
    "MAX_PAYLOAD_BYTES": [255, 1000.5, None],
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
    "RETRY_SECONDS": [5, (5, 1), (-1, 5), (1,), (1, 2, 3), "ab", (1, math.inf), (1, "2"), None],
    "TICKET_SECONDS": [0, -60],
    "MAX_QUEUED": [0, 1.5],
    "MAX_QUEUED_DAYS": [0, None],
    "KEEP_DAYS": [0, "a year"],
}

GOOD = {
    "WINDOW": [1, 1000],
    "MAX_PAYLOAD_BYTES": [256],
    "MAX_FRAME_BYTES": [1024],
    "ACK_TIMEOUT_SECONDS": [75, 75.0],
    "ACK_FLUSH_SECONDS": [0.001, 10],
    "SWEEP_GRACE_SECONDS": [0],
    "FANOUT_LIMIT": [0],
    "BREAKER_SECONDS": [0],
    "RETRY_SECONDS": [(0, 0), [1, 5], (1.5, 1.5)],
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
    def test_the_defaults_are_good(self):
        self.assertEqual(problems(), [])

    def test_it_names_a_key_that_does_not_exist_and_those_that_do(self):
        with override_settings(NOTIFICATIONS={"WINDOWS": 1}):
            problem = self.assert_problem("E001", "NOTIFICATIONS has no setting 'WINDOWS'")
        self.assertIn("WATCH_SECONDS, WINDOW", problem.hint)

    def test_it_names_each_of_several_keys_that_do_not_exist(self):
        with override_settings(NOTIFICATIONS={"B": 1, 7: 1, "WINDOW": 0}):
            self.assertEqual([p.id for p in problems()], ["notifications.E001"] * 2)

    def test_it_wants_a_dict(self):
        for given in (None, [], ["WINDOW"], 7, "WINDOW"):
            with self.subTest(given), override_settings(NOTIFICATIONS=given):
                self.assert_problem("E001", "NOTIFICATIONS is .*not a dict")

    def test_it_finds_a_bad_value_of_each_setting(self):
        self.assertEqual(set(BAD), {field.name for field in fields(Settings)})
        for name, values in BAD.items():
            for value in values:
                with (
                    self.subTest(name, value=value),
                    override_settings(NOTIFICATIONS={name: value}),
                ):
                    self.assert_problem("E002", rf"NOTIFICATIONS\['{name}'\] is ")

    def test_it_says_what_a_value_has_to_be(self):
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
                self.assertIn(f"It has to be {words} docs/settings.md", hint)

    def test_it_accepts_the_limits_themselves(self):
        for name, values in GOOD.items():
            for value in values:
                with (
                    self.subTest(name, value=value),
                    override_settings(NOTIFICATIONS={name: value}),
                ):
                    self.assertEqual(problems(), [])

    def test_it_finds_all_bad_values_at_once(self):
        with override_settings(NOTIFICATIONS={"WINDOW": 0, "TICKET_SECONDS": 0}):
            self.assertEqual([p.id for p in problems()], ["notifications.E002"] * 2)

    @override_settings(CHANNEL_LAYERS={})
    def test_it_wants_a_default_layer_and_names_ours(self):
        problem = self.assert_problem("E004", "CHANNEL_LAYERS has no 'default' layer")
        self.assertIn("notifications.layers.InProcessChannelLayer", problem.hint)
        self.assertIn("notifications.layers.RedisChannelLayer", problem.hint)


class ElsewhereRouter:
    def db_for_write(self, model, **hints):
        return "elsewhere" if model._meta.app_label == "notifications" else None


class DatabaseCheckTests(SimpleTestCase):
    @override_settings(DATABASE_ROUTERS=["notifications.tests.test_checks.ElsewhereRouter"])
    def test_it_wants_a_database_that_the_statements_are_written_for(self):
        connections["elsewhere"] = dummy.DatabaseWrapper({}, "elsewhere")
        self.addCleanup(connections.__delitem__, "elsewhere")
        (problem,) = problems()
        self.assertEqual(problem.id, "notifications.E003")
        self.assertEqual(problem.msg, "notifications does not run on unknown.")
        self.assertIn("Use PostgreSQL or SQLite", problem.hint)

import json
import os
import runpy
import sys
from types import ModuleType
from unittest import mock

from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase

VARIABLES = {
    "PERF_SETTINGS_MODULE": "a_project",
    "PERF_SECRET_KEY": "the key of the tests",
    "PERF_DATABASE_NAME": "/tmp/test.sqlite3",
    "PERF_LAYER_PREFIX": "perf-1",
}


def settings_of(project, variables=VARIABLES):
    """The settings of a server, for a project with the given settings."""
    module = ModuleType("a_project")
    vars(module).update(project)
    with (
        mock.patch.dict(sys.modules, {"a_project": module}),
        mock.patch.dict(os.environ, variables, clear=True),
    ):
        return runpy.run_module("perftests.load.inside.settings")


def project(**settings):
    return {
        "DEBUG": True,
        "SECRET_KEY": "the project's",
        "DATABASES": {"default": {"ENGINE": "x", "NAME": "live", "OPTIONS": {"timeout": 30}}},
        "CHANNEL_LAYERS": {"default": {"BACKEND": "in.memory"}},
        **settings,
    }


class LoadSettingsTests(SimpleTestCase):
    def test_the_server_has_the_projects_settings_with_key_and_database_of_the_tests(self):
        settings = settings_of(project(ROOT_URLCONF="a_project.urls"))

        self.assertEqual(settings["ROOT_URLCONF"], "a_project.urls")
        self.assertIs(settings["DEBUG"], False)
        self.assertEqual(settings["SECRET_KEY"], "the key of the tests")
        self.assertEqual(
            settings["DATABASES"]["default"],
            {"ENGINE": "x", "NAME": "/tmp/test.sqlite3", "OPTIONS": {"timeout": 30}},
        )

    def test_a_server_for_load_has_no_other_databases_than_those_that_the_tests_have_made(self):
        own = {
            "default": {"NAME": "live"},
            "log": {"NAME": "log", "HOST": "far"},
            "unused": {"NAME": "unused"},
            "replica": {"NAME": "live", "HOST": "copy", "TEST": {"MIRROR": "default"}},
            "of unused": {"NAME": "unused", "TEST": {"MIRROR": "unused"}},
        }
        names = {"log": "test_log_run_1", "unused": "unused", "replica": "/tmp/test.sqlite3"}
        variables = VARIABLES | {"PERF_OTHER_DATABASES": json.dumps(names)}
        found = settings_of(project(DATABASES=own), variables)["DATABASES"]

        default = {"NAME": "/tmp/test.sqlite3"}
        log = {"NAME": "test_log_run_1", "HOST": "far"}
        self.assertEqual(found, {"default": default, "log": log, "replica": default})

    def test_a_server_for_load_sends_no_mail(self):
        nowhere = "django.core.mail.backends.dummy.EmailBackend"
        self.assertEqual(settings_of(project())["EMAIL_BACKEND"], nowhere)
        self.assertEqual(settings_of(project(EMAIL_BACKEND="x"))["EMAIL_BACKEND"], nowhere)
        # Since Django 6.1, which refuses both together.
        found = settings_of(
            project(MAILERS={"default": {"BACKEND": "x", "OPTIONS": {"host": "y"}}})
        )
        self.assertEqual(found["MAILERS"], {"default": {"BACKEND": nowhere}})
        self.assertNotIn("EMAIL_BACKEND", found)

    def test_a_channel_layer_on_redis_gets_the_prefix_of_the_run(self):
        layer = {"BACKEND": "x", "CONFIG": {"hosts": ["redis://somewhere"], "prefix": "live"}}
        settings = settings_of(project(CHANNEL_LAYERS={"default": layer}))

        self.assertEqual(
            settings["CHANNEL_LAYERS"]["default"]["CONFIG"],
            {"hosts": ["redis://somewhere"], "prefix": "perf-1"},
        )

    def test_every_channel_layer_of_the_project_on_redis_gets_a_prefix_of_the_run(self):
        layers = {
            name: {"BACKEND": "x", "CONFIG": {"hosts": ["redis://somewhere"], "prefix": "live"}}
            for name in ("default", "chat", "rival")
        }
        own = {"default": layers["default"], "chat": layers["chat"]}
        added = {"PERF_CHANNEL_LAYERS": json.dumps({"rival": layers["rival"]})}
        found = settings_of(project(CHANNEL_LAYERS=own), VARIABLES | added)["CHANNEL_LAYERS"]

        prefixes = {name: layer["CONFIG"]["prefix"] for name, layer in found.items()}
        self.assertEqual(prefixes, {"default": "perf-1", "chat": "perf-1-chat", "rival": "live"})

    def test_a_channel_layer_in_memory_gets_no_configuration_that_it_does_not_know(self):
        settings = settings_of(project())

        self.assertEqual(settings["CHANNEL_LAYERS"], {"default": {"BACKEND": "in.memory"}})

    def test_a_test_overrides_single_settings_of_notifications(self):
        own = {"WINDOW": 10, "SWEEP_SECONDS": 5}
        settings = settings_of(
            project(NOTIFICATIONS=own), VARIABLES | {"PERF_NOTIFICATIONS": '{"SWEEP_SECONDS": 0.5}'}
        )

        self.assertEqual(settings["NOTIFICATIONS"], {"WINDOW": 10, "SWEEP_SECONDS": 0.5})
        self.assertEqual(own, {"WINDOW": 10, "SWEEP_SECONDS": 5})

    def test_a_test_adds_channel_layers_and_replaces_those_of_the_project(self):
        own = {"default": {"BACKEND": "in.memory"}, "other": {"BACKEND": "x"}}
        on_redis = {"BACKEND": "y", "CONFIG": {"hosts": ["redis://somewhere"]}}
        added = {"default": on_redis, "rival": {"BACKEND": "z"}}
        settings = settings_of(
            project(CHANNEL_LAYERS=own), VARIABLES | {"PERF_CHANNEL_LAYERS": json.dumps(added)}
        )

        on_redis["CONFIG"]["prefix"] = "perf-1"
        self.assertEqual(settings["CHANNEL_LAYERS"], {**own, **added})

    def test_notifications_keep_the_projects_settings_without_an_override(self):
        self.assertEqual(settings_of(project())["NOTIFICATIONS"], {})

    def test_a_server_for_load_refuses_the_projects_own_database(self):
        without = {k: v for k, v in VARIABLES.items() if k != "PERF_DATABASE_NAME"}
        with self.assertRaisesRegex(ImproperlyConfigured, "PERF_DATABASE_NAME is not set"):
            settings_of(project(), without)

import json

from django.conf import settings
from django.db import connection
from django.test import SimpleTestCase, TransactionTestCase, override_settings, tag

from perftests.run import context


@tag("slow")
class RunEnvironmentTests(TransactionTestCase):
    def test_the_environment_of_a_run_says_what_it_ran_on(self):
        described = context.describe("uvicorn")
        self.assertEqual(described["server"], "uvicorn")
        self.assertEqual(described["database"]["vendor"], connection.vendor)
        self.assertRegex(described["database"]["version"], r"^\d+\.\d+")
        self.assertEqual(described["channel_layer"], settings.CHANNEL_LAYERS["default"]["BACKEND"])
        for package in ("django", "channels"):
            self.assertIn(package, described["packages"])

    @override_settings()
    def test_the_environment_of_a_project_without_channel_layers_says_none(self):
        del settings.CHANNEL_LAYERS
        self.assertEqual(context.describe("daphne")["channel_layer"], "none")

    def test_the_environment_of_a_run_is_plain_data(self):
        described = context.describe("daphne")
        self.assertEqual(json.loads(json.dumps(described)), described)


class SettingsDigestTests(SimpleTestCase):
    def test_the_digest_of_settings_is_the_same_for_the_same_settings(self):
        self.assertEqual(context.settings_digest(), context.settings_digest())

    def test_the_digest_of_settings_changes_with_what_changes_the_speed(self):
        before = context.settings_digest()
        for change in (
            {"MIDDLEWARE": settings.MIDDLEWARE[1:]},
            {"NOTIFICATIONS": {"WINDOW": 7}},
            {"CHANNEL_LAYERS": {"default": {"BACKEND": "some.other.Layer"}}},
        ):
            with self.subTest(change), override_settings(**change):
                self.assertNotEqual(context.settings_digest(), before)

    def test_the_digest_of_settings_does_not_depend_on_secrets_and_places(self):
        before = context.settings_digest()
        with override_settings(
            SECRET_KEY="another",
            CHANNEL_LAYERS={
                alias: {**layer, "CONFIG": {"hosts": ["redis://:another@elsewhere"]}}
                for alias, layer in settings.CHANNEL_LAYERS.items()
            },
        ):
            self.assertEqual(context.settings_digest(), before)

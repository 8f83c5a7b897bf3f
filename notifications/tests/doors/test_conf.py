from dataclasses import FrozenInstanceError, fields

from django.test import SimpleTestCase, override_settings

from notifications.conf import Settings, get_settings, names


class SettingsTests(SimpleTestCase):
    @override_settings(NOTIFICATIONS={})
    def test_every_setting_has_a_default(self):
        self.assertEqual(get_settings(), Settings())

    def test_each_setting_can_be_overridden_alone(self):
        for field in fields(Settings):
            others = {
                "METRICS_TOKEN": "another-token-here",
                "RETRY_SECONDS": (2.0, 9.0),
                "ALLOWED_ORIGINS": ("https://app.example",),
            }
            value = others.get(field.name) or field.default + 1
            with self.subTest(field.name), override_settings(NOTIFICATIONS={field.name: value}):
                changed = {
                    f.name: getattr(get_settings(), f.name)
                    for f in fields(Settings)
                    if getattr(get_settings(), f.name) != f.default
                }
                self.assertEqual(changed, {field.name: value})

    def test_the_end_of_an_override_brings_the_old_setting_back(self):
        before = get_settings().WINDOW
        with override_settings(NOTIFICATIONS={"WINDOW": before + 1}):
            self.assertEqual(get_settings().WINDOW, before + 1)
        self.assertEqual(get_settings().WINDOW, before)

    def test_another_setting_of_the_project_leaves_the_settings_as_they_are(self):
        settings = get_settings()
        with override_settings(DEBUG=True):
            self.assertIs(get_settings(), settings)

    @override_settings(NOTIFICATIONS={"WINDOWS": 1})
    def test_a_setting_that_does_not_exist_is_refused(self):
        with self.assertRaisesRegex(TypeError, "WINDOWS"):
            get_settings()

    def test_settings_cannot_be_changed_in_place(self):
        with self.assertRaises(FrozenInstanceError):
            get_settings().WINDOW = 1

    def test_the_names_of_settings_are_those_of_their_fields(self):
        self.assertEqual(names(), {field.name for field in fields(Settings)})
        self.assertTrue(all(name.isupper() for name in names()))

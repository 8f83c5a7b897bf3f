from dataclasses import FrozenInstanceError, fields

from django.test import SimpleTestCase, override_settings

from notifications.conf import Settings, get_settings, names


class SettingsTests(SimpleTestCase):
    @override_settings(NOTIFICATIONS={})
    def test_everything_has_a_default(self):
        self.assertEqual(get_settings(), Settings())

    def test_each_setting_is_overridden_alone(self):
        for field in fields(Settings):
            value = (2.0, 9.0) if field.name == "RETRY_SECONDS" else field.default + 1
            with self.subTest(field.name), override_settings(NOTIFICATIONS={field.name: value}):
                changed = {
                    f.name: getattr(get_settings(), f.name)
                    for f in fields(Settings)
                    if getattr(get_settings(), f.name) != f.default
                }
                self.assertEqual(changed, {field.name: value})

    def test_the_end_of_an_override_brings_the_old_value_back(self):
        before = get_settings().WINDOW
        with override_settings(NOTIFICATIONS={"WINDOW": before + 1}):
            self.assertEqual(get_settings().WINDOW, before + 1)
        self.assertEqual(get_settings().WINDOW, before)

    def test_another_setting_of_the_project_does_not_matter(self):
        settings = get_settings()
        with override_settings(DEBUG=True):
            self.assertIs(get_settings(), settings)

    @override_settings(NOTIFICATIONS={"WINDOWS": 1})
    def test_it_rejects_a_key_that_does_not_exist(self):
        with self.assertRaisesRegex(TypeError, "WINDOWS"):
            get_settings()

    def test_nobody_changes_them_on_the_way(self):
        with self.assertRaises(FrozenInstanceError):
            get_settings().WINDOW = 1

    def test_the_names_are_those_of_the_fields(self):
        self.assertEqual(names(), {field.name for field in fields(Settings)})
        self.assertTrue(all(name.isupper() for name in names()))

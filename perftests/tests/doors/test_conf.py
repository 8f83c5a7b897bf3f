import os
from unittest import mock

from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase, override_settings

from perftests.conf import Configuration, Setting, configuration, may_start
from perftests.exceptions import InvalidSetting


@mock.patch.dict(os.environ)
class ConfigurationTests(SimpleTestCase):
    def setUp(self):
        for name in list(os.environ):
            if name.startswith("PERF_"):
                del os.environ[name]

    @override_settings()
    def test_scale_server_and_timeout_have_defaults(self):
        self.assertIsNone(configuration.SCALE)
        self.assertEqual(configuration.SERVER, "daphne")
        self.assertEqual(configuration.TIMEOUT_SECONDS, 60)

    @override_settings(PERFTESTS={"SCALE": "extended", "TIMEOUT_SECONDS": 5})
    def test_a_setting_of_the_project_wins_over_the_default(self):
        self.assertEqual(configuration.SCALE, "extended")
        self.assertEqual(configuration.TIMEOUT_SECONDS, 5)

    @override_settings(PERFTESTS={"SCALE": "extended", "TIMEOUT_SECONDS": 5})
    def test_an_environment_variable_wins_over_the_setting(self):
        os.environ |= {"PERF_SCALE": "smoke", "PERF_TIMEOUT_SECONDS": "2.5"}
        self.assertEqual(configuration.SCALE, "smoke")
        self.assertEqual(configuration.TIMEOUT_SECONDS, 2.5)

    @override_settings(PERFTESTS={"SERVER": "uvicorn"})
    def test_an_empty_environment_variable_counts_as_unset(self):
        os.environ["PERF_SERVER"] = ""
        self.assertEqual(configuration.SERVER, "uvicorn")

    @override_settings(PERFTESTS={"SERVER": "gunicorn"})
    def test_the_error_of_a_bad_setting_names_it_and_its_choices(self):
        message = r"""PERFTESTS\["SERVER"\] is 'gunicorn'; it must be one of daphne, uvicorn\."""
        with self.assertRaisesRegex(InvalidSetting, message):
            _ = configuration.SERVER

    def test_the_error_of_a_bad_environment_variable_names_it(self):
        os.environ["PERF_SCALE"] = "huge"
        with self.assertRaisesRegex(InvalidSetting, "^PERF_SCALE is 'huge'; .* smoke, standard"):
            _ = configuration.SCALE

    def test_a_timeout_that_is_no_positive_number_of_seconds_is_rejected(self):
        for value in ("0", "-1", "nan", "inf", "soon"):
            os.environ["PERF_TIMEOUT_SECONDS"] = value
            with self.subTest(value), self.assertRaisesRegex(InvalidSetting, "number of seconds"):
                _ = configuration.TIMEOUT_SECONDS

    def test_runs_may_be_started_in_the_admin_where_debug_is_on_unless_a_setting_says_so(self):
        for debug in (True, False):
            with self.settings(DEBUG=debug, PERFTESTS={}):
                self.assertIs(may_start(), debug)
            for word, allowed in ((True, True), (False, False), ("true", True), ("0", False)):
                settings = {"DEBUG": debug, "PERFTESTS": {"START_FROM_ADMIN": word}}
                with self.subTest(word, debug=debug), self.settings(**settings):
                    self.assertIs(may_start(), allowed)

    def test_a_variable_switches_off_that_runs_may_be_started_in_the_admin(self):
        os.environ["PERF_START_FROM_ADMIN"] = "False"
        with self.settings(DEBUG=True, PERFTESTS={"START_FROM_ADMIN": True}):
            self.assertIs(may_start(), False)

    def test_any_url_of_redis_is_accepted(self):
        for url in ("redis://:secret@host:6380/3", "rediss://host", "unix:///run/redis.sock"):
            os.environ["PERF_REDIS_URL"] = url
            with self.subTest(url):
                self.assertEqual(configuration.REDIS_URL, url)

    def test_a_value_that_is_no_url_of_redis_is_rejected(self):
        for value in ("localhost:6379", "http://localhost", "6379"):
            os.environ["PERF_REDIS_URL"] = value
            with self.subTest(value), self.assertRaisesRegex(InvalidSetting, "a URL of Redis"):
                _ = configuration.REDIS_URL

    def test_a_setting_of_the_wrong_type_is_rejected(self):
        for bad in ({"SCALE": ["smoke"]}, {"SCALE": None}):
            with self.subTest(bad), override_settings(PERFTESTS=bad):
                self.assertRaises(InvalidSetting, lambda: configuration.SCALE)
        with override_settings(PERFTESTS={"TIMEOUT_SECONDS": None}):
            self.assertRaises(InvalidSetting, lambda: configuration.TIMEOUT_SECONDS)

    @override_settings(PERFTESTS={"SCALES": "smoke"})
    def test_a_name_that_is_no_setting_is_rejected(self):
        with self.assertRaisesRegex(InvalidSetting, "no setting 'SCALES'.* SCALE, SERVER"):
            _ = configuration.SERVER

    def test_an_invalid_setting_is_improperly_configured_for_django(self):
        self.assertTrue(issubclass(InvalidSetting, ImproperlyConfigured))

    def test_every_setting_of_perftests_can_be_read(self):
        names = [name for name, value in vars(Configuration).items() if isinstance(value, Setting)]
        self.assertGreaterEqual(len(names), 5)
        for name in names:
            with self.subTest(name):
                getattr(configuration, name)

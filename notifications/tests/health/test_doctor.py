import io
from unittest import mock

from django.core.management import CommandError, call_command
from django.test import TransactionTestCase, override_settings

from notifications.health import doctor
from notifications.models import Notification

from ..databases import without_table
from ..listening import broken_layer
from ..users import make_user

WELL = override_settings(
    ALLOWED_HOSTS=["example.com"],
    NOTIFICATIONS={"SWEEP_SECONDS": 60, "ACK_FLUSH_SECONDS": 0.01},
    SILENCED_SYSTEM_CHECKS=["notifications.W003"],
)


@WELL
class DoctorTests(TransactionTestCase):
    def setUp(self):
        self.ada = make_user("ada")
        self.output = io.StringIO()

    def examine(self, **options):
        call_command("notifications_doctor", stdout=self.output, no_color=True, **options)
        return self.output.getvalue()

    def test_a_system_that_is_well_is_said_to_be_from_settings_to_an_ack(self):
        said = self.examine(user="ada")
        lines = said.splitlines()
        self.assertEqual([line[:4] for line in lines], ["well"] * 4)
        for words in ("settings:", "database: answered in", "hint was heard after", "acknowledged"):
            self.assertIn(words, said)

    def test_an_examination_leaves_no_notification(self):
        self.examine(user="ada")
        self.assertEqual(Notification.objects.count(), 0)

    @broken_layer
    def test_a_layer_that_is_down_is_said_with_what_to_do(self):
        with self.assertRaisesRegex(CommandError, "Not well: 1"):
            self.examine()
        self.assertIn("channel layer: nobody answers", self.output.getvalue())
        self.assertIn("Look whether Redis answers", self.output.getvalue())

    def test_a_layer_that_hands_nothing_on_is_waited_for_and_said(self):
        with (
            mock.patch.object(doctor, "LIMIT_SECONDS", 0.05),
            mock.patch("notifications.layers.inprocess.InProcessSubscription.offer"),
            override_settings(
                CHANNEL_LAYERS={
                    "default": {"BACKEND": "notifications.layers.InProcessChannelLayer"}
                }
            ),
            self.assertRaises(CommandError),
        ):
            self.examine()
        self.assertIn("nothing came within 0.05 seconds", self.output.getvalue())

    def test_a_check_that_found_something_is_told_with_its_hint(self):
        with override_settings(ALLOWED_HOSTS=["*", "example.com"]), self.assertRaises(CommandError):
            self.examine()
        self.assertIn("notifications.W005: ALLOWED_HOSTS has '*'", self.output.getvalue())
        self.assertIn("Name the hosts of the site", self.output.getvalue())

    def test_settings_that_make_no_sense_are_told_and_the_rest_is_looked_at(self):
        for given, id_ in (({"NOPE": 1}, "E001"), ({"KEEP_DAYS": "365"}, "E002")):
            with (
                self.subTest(id_),
                override_settings(NOTIFICATIONS=given),
                self.assertRaises(CommandError),
            ):
                self.examine()
            self.assertIn(f"notifications.{id_}: NOTIFICATIONS", self.output.getvalue())
            self.assertIn("database: answered", self.output.getvalue())

    def test_a_database_without_users_is_told_and_the_rest_is_looked_at(self):
        with without_table(type(self.ada)), self.assertRaises(CommandError):
            self.examine(user="ada")
        self.assertIn("hint was heard after", self.output.getvalue())
        self.assertRegex(self.output.getvalue(), "ILL   notification: .*auth_user")
        self.assertIn("run manage.py migrate", self.output.getvalue())

    def test_a_user_who_may_not_sign_in_is_named(self):
        make_user("gone", is_active=False)
        with self.assertRaises(CommandError):
            self.examine(user="gone")
        self.assertIn("is not active", self.output.getvalue())

    def test_a_user_who_does_not_exist_is_refused_before_anything_is_looked_at(self):
        with self.assertRaisesRegex(CommandError, "There is no user 'nobody'"):
            self.examine(user="nobody")
        self.assertEqual(self.output.getvalue(), "")

    def test_a_server_that_does_not_answer_is_said_with_its_address(self):
        for url, words in (
            ("http://127.0.0.1:9/ready/", "http://127.0.0.1:9/ready/: .*refused"),
            ("file:///etc/passwd", "Give the address of the ready view"),
            ("http://no such/", "http://no such/: URL can't contain"),
        ):
            with self.subTest(url), self.assertRaises(CommandError):
                self.examine(ready_url=url)
            self.assertRegex(self.output.getvalue(), words)

    def test_an_address_that_is_no_ready_view_is_said(self):
        for answer in (b'{"live": true}', b"[]", b"null", b"<html>"):
            with (
                self.subTest(answer),
                mock.patch.object(doctor, "urlopen", return_value=io.BytesIO(answer)),
                self.assertRaisesRegex(CommandError, "Not well: 1"),
            ):
                self.examine(ready_url="http://example.com/health/live/")
            self.assertIn("ILL   server: http://example.com/health/live/", self.output.getvalue())

    def test_a_server_that_is_ready_is_said_with_the_lag_of_its_loop(self):
        answer = io.BytesIO(b'{"ready": true, "lag_seconds": 0.0015}')
        with mock.patch.object(doctor, "urlopen", return_value=answer):
            said = self.examine(ready_url="http://example.com/health/ready/")
        self.assertIn("well  server: ready, its event loop answers in 1.5 ms", said)

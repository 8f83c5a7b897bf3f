from io import StringIO

from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.test import SimpleTestCase, TransactionTestCase, override_settings

from notifications.models import Epoch, Notification

from ..databases import without_table

COMMANDS = (
    ("notify", "Hi", "ada"),
    ("prune_notifications",),
    ("export_notifications", "ada"),
    ("erase_notifications", "ada"),
    ("import_notifications", "--from", "django-notifications-hq"),
    ("notification_story", "1", "ada"),
    ("renew_epoch",),
)


class MissingTableTests(TransactionTestCase):
    def test_a_command_names_a_missing_table_in_one_sentence_on_both_databases(self):
        for model, command in (
            (Epoch, ("renew_epoch",)),
            (Notification, ("prune_notifications",)),
            (Notification, ("notification_story", "1", "ada")),
        ):
            with (
                self.subTest(command),
                without_table(model),
                self.assertRaises(CommandError) as refused,
            ):
                call_command(*command, stdout=StringIO())
            said = str(refused.exception)
            self.assertRegex(said, f"^The database cannot be used.*{model._meta.db_table}")
            self.assertNotRegex(said, "SELECT|\n")


class WrongSettingsTests(SimpleTestCase):
    databases = {"default"}  # checks ask it what it can do

    def test_every_command_refuses_settings_that_make_no_sense_as_a_check_does(self):
        for given, id_ in (({"NOPE": 1}, "E001"), ({"KEEP_DAYS": "365"}, "E002"), ([], "E001")):
            for command in COMMANDS:
                with (
                    self.subTest(command, given=given),
                    override_settings(NOTIFICATIONS=given),
                    self.assertRaisesRegex(SystemCheckError, f"notifications.{id_}"),
                ):
                    call_command(*command, skip_checks=False, stderr=StringIO())

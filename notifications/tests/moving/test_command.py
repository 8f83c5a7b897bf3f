from io import StringIO
from unittest import mock

from django.core.management import CommandError, call_command
from django.db import IntegrityError

from notifications.models import Notification
from notifications.send import notify

from .case import MovingTestCase

COMMUNITY = "django-notifications-community"


class ImportCommandTests(MovingTestCase):
    def command(self, *words, source=COMMUNITY):
        out, err = StringIO(), StringIO()
        words = ["import_notifications", f"--from={source}", "--no-color", *words]
        call_command(*words, stdout=out, stderr=err)
        return out.getvalue(), err.getvalue()

    def test_the_command_imports_and_says_what_it_left_out(self):
        self.add(1)
        self.add(2, deleted=True)
        self.add(3, description="x" * 9000)
        said, wrong = self.command("--verbosity=2", "--batch-size=2")
        self.assertIn("Imported 1 of 3; 0 were there already.", said)
        self.assertIn("Left out: 1 that their users had deleted, 0 older", said)
        self.assertIn("  2\n  3\n", said)
        self.assertIn("Left out: row 3: the notification has", wrong)
        self.assertIn("0 of 3; 1 were there already", self.command()[0])

    def test_a_dry_run_of_the_command_says_so(self):
        self.add(1)
        self.assertIn("Would import 1 of 1", self.command("--dry-run")[0])
        self.assertFalse(Notification.objects.exists())

    def test_the_command_takes_both_packages_and_no_other(self):
        self.add(1)
        self.assertIn("Imported 1", self.command(source="django-notifications-hq")[0])
        with self.assertRaisesRegex(CommandError, "invalid choice: 'another'"):
            self.command(source="another")

    def test_the_command_refuses_in_a_sentence(self):
        self.add(1)
        for words, said in (
            (["--batch-size=0"], "--batch-size: give a number from 1"),
            (["--table=nowhere"], "There is no table nowhere; --table names another one."),
        ):
            with self.assertRaisesMessage(CommandError, said):
                self.command(*words)
        with (
            mock.patch.object(Notification.objects, "using", side_effect=IntegrityError),
            self.assertRaisesMessage(CommandError, "Another import runs"),
        ):
            self.command()
        notify(self.ada, "ours")
        with self.assertRaisesMessage(CommandError, "This app has sent notifications"):
            self.command()

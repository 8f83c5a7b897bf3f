import errno
import os
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import SimpleTestCase, TransactionTestCase, tag

from notifications.management.commands import notify, prune_notifications
from notifications.models import Notification


class Unwritable(StringIO):
    def __init__(self, number):
        super().__init__()
        self.number = number

    def write(self, text):
        raise OSError(self.number, os.strerror(self.number))


class PrintingTests(TransactionTestCase):
    def setUp(self):
        User.objects.create(username="ada")

    def test_a_command_whose_output_is_full_says_so_in_one_sentence(self):
        command = notify.Command(stdout=Unwritable(errno.ENOSPC))
        with self.assertRaises(CommandError) as refused:
            call_command(command, "hello", "ada")
        self.assertEqual(
            str(refused.exception), "It could not be printed: No space left on device."
        )
        self.assertTrue(Notification.objects.exists())

    def test_a_reader_that_leaves_ends_no_command_midway(self):
        for title in ("one", "two", "three"):
            call_command("notify", title, "ada", stdout=StringIO())
        command = prune_notifications.Command(stdout=Unwritable(errno.EPIPE))
        call_command(command, days=0, batch_size=1, verbosity=2)
        self.assertFalse(Notification.objects.exists())


@tag("slow")
class PipeTests(SimpleTestCase):
    def test_a_command_whose_reader_has_left_leaves_no_traceback(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        url = f"sqlite:///{Path(folder, 'db.sqlite3')}"
        with subprocess.Popen(
            [sys.executable, "manage.py", "notifications_doctor"],
            cwd=settings.BASE_DIR,
            env={**os.environ, "DATABASE_URL": url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            process.stdout.close()
            told = process.stderr.read()
        self.assertEqual(process.returncode, 1)
        self.assertRegex(told, r"\ACommandError: Not well: \d\.\n\Z")

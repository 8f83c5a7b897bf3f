import os
import subprocess
import sys
import tempfile
from pathlib import Path

from django.conf import settings
from django.test import SimpleTestCase, tag

TIMEOUT_SECONDS = 300


@tag("slow")
class ManageInterruptTests(SimpleTestCase):
    def test_ctrl_c_while_a_command_starts_shows_no_traceback(self):
        directory = self.enterContext(tempfile.TemporaryDirectory())
        Path(directory, "pressing_ctrl_c.py").write_text("raise KeyboardInterrupt")
        done = subprocess.run(
            [sys.executable, "manage.py", "check"],
            cwd=settings.BASE_DIR,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "pressing_ctrl_c",
                "PYTHONPATH": directory,
            },
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
        self.assertEqual((done.returncode, done.stderr), (130, ""))


@tag("slow")
class UnusableDatabaseTests(SimpleTestCase):
    """Already the system checks ask a database what it can do."""

    def test_every_command_of_ours_tells_in_one_sentence_that_its_database_cannot_be_used(self):
        commands = ("notify ada hello", "prune_notifications", "renew_epoch", "perf history")
        environment = {**os.environ, "DATABASE_URL": "sqlite:////proc/no/such/folder"}
        for command in commands:
            with self.subTest(command):
                done = subprocess.run(
                    [sys.executable, "manage.py", *command.split()],
                    cwd=settings.BASE_DIR,
                    env=environment,
                    capture_output=True,
                    text=True,
                    timeout=TIMEOUT_SECONDS,
                )
                self.assertNotEqual(done.returncode, 0)
                [line] = done.stderr.splitlines()
                self.assertIn("The database cannot be used", line)

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from django.conf import settings
from django.test import SimpleTestCase

TIMEOUT_SECONDS = 60


class InterruptTests(SimpleTestCase):
    def test_ctrl_c_while_it_starts_shows_no_traceback(self):
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

"""The public paths as a type checker of an adopter sees them."""

import re
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from unittest import skipUnless

from django.conf import settings
from django.test import SimpleTestCase, tag

FOLDER = Path(__file__).parent / "typed"
LIMIT_SECONDS = 300
CONFIGURATION = """
[mypy]
strict = True
plugins = mypy_django_plugin.main
follow_imports = silent
cache_dir = {folder}
[mypy.plugins.django-stubs]
django_settings_module = notifyproject.settings
"""


def wrong_lines(text, name):
    """The lines of a file in which a checker has found an error."""
    return {int(line) for line in re.findall(rf"{name}\.py:(\d+)[:\d]*(?: -|:) error", text)}


@tag("slow")
@skipUnless(find_spec("mypy"), "Needs mypy: nothing was checked.")
class TypedConsumerTests(SimpleTestCase):
    def test_mypy_accepts_a_project_against_the_public_paths_and_finds_its_mistakes(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (folder / "mypy.ini").write_text(CONFIGURATION.format(folder=folder / "cache"))
        checked = subprocess.run(
            [sys.executable, "-m", "mypy", "--config-file", folder / "mypy.ini", FOLDER],
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        self.assertEqual(wrong_lines(checked.stdout, r"(?:consumer|with_plugin)"), set())
        lines = (FOLDER / "wrong.py").read_text().splitlines()
        marked = {number for number, line in enumerate(lines, 1) if line.endswith("# wrong")}
        self.assertEqual(wrong_lines(checked.stdout, "wrong"), marked, checked.stdout)

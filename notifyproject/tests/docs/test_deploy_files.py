"""The files of docs/how-to/deploy.md, as those read them for whom they are."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import skipUnless

import yaml
from django.test import SimpleTestCase, tag

from perftests.load.services.programs import has_program

from ..deployment import COMPOSE, DEPLOY
from .pages import blocks

NAME = re.compile(r"# /etc/systemd/system/(\S+)")
UNITS = {NAME.match(unit)[1]: unit for unit in blocks(DEPLOY, "ini")}


@tag("slow")
@skipUnless(find_spec("compose_spec"), "Needs compose-spec: nothing was tested.")
class ComposeFileTests(SimpleTestCase):
    def refuse_or_take(self, compose):
        from compose_spec import PyCompose

        # It knows no merge keys, which are read by then.
        return PyCompose.from_yaml(yaml.safe_dump(compose))

    def test_the_file_for_compose_keeps_to_the_specification(self):
        self.assertCountEqual(self.refuse_or_take(COMPOSE).service_names(), COMPOSE["services"])

    def test_a_misspelt_key_of_a_service_is_found(self):
        proxy = {**COMPOSE["services"]["proxy"], "restrat": "always"}
        with self.assertRaisesRegex(ValueError, "restrat"):
            self.refuse_or_take({"services": {"proxy": proxy}})


@tag("slow")
@skipUnless(has_program("systemd-analyze"), "Needs systemd-analyze: nothing was tested.")
class UnitFileTests(SimpleTestCase):
    def complaints(self, change=lambda text: text):
        """What systemd says of the units, whose programs are at another place here."""
        folder = Path(self.enterContext(TemporaryDirectory()))
        for name, text in UNITS.items():
            here = re.sub(r"/srv/notify/venv/bin/\w+", sys.executable, change(text))
            (folder / name.replace("@", "@8001")).write_text(here)
        command = ["systemd-analyze", "verify", *map(str, folder.iterdir())]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        said = (done.stdout + done.stderr).splitlines()
        return [line for line in said if line.startswith((str(folder), "notify"))]

    def test_systemd_takes_all_units_of_the_page_without_a_complaint(self):
        self.assertEqual(
            set(UNITS), {"notify@.service", "notify-prune.service", "notify-prune.timer"}
        )
        self.assertEqual(self.complaints(), [])

    def test_a_misspelt_key_of_a_unit_is_found(self):
        [complaint] = self.complaints(lambda text: text.replace("Restart=", "Restat="))
        self.assertIn("Restat", complaint)

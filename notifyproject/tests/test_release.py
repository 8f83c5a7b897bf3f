"""The workflow that publishes, and the forms for issues, name what is there."""

import re

import yaml
from django.conf import settings
from django.core.management import get_commands
from django.test import SimpleTestCase

GITHUB = settings.BASE_DIR / ".github"


class ReleaseTests(SimpleTestCase):
    def test_the_workflow_of_a_release_runs_sessions_that_exist_and_holds_no_secret(self):
        text = (GITHUB / "workflows" / "release.yml").read_text()
        jobs = yaml.safe_load(text)["jobs"]
        sessions = re.findall(r"nox --session (\w+)", text)
        self.assertEqual(sessions, ["release"])
        self.assertIn("\ndef release(", (settings.BASE_DIR / "noxfile.py").read_text())
        self.assertNotIn("secrets.", text)
        self.assertEqual(jobs["publish"]["permissions"], {"id-token": "write"})

    def test_the_forms_for_issues_ask_for_commands_that_exist(self):
        for path in (GITHUB / "ISSUE_TEMPLATE").glob("[!c]*.yml"):
            form = yaml.safe_load(path.read_text())
            self.assertTrue(form["name"] and form["description"])
            for command in re.findall(r"manage\.py (\w+)", path.read_text()):
                self.assertIn(command, get_commands())

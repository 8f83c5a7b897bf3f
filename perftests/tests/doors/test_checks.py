import re
from pathlib import Path
from unittest import mock

from django.core.checks import run_checks
from django.db import connections
from django.test import SimpleTestCase, override_settings

from perftests import checks


class LabRouter:
    def db_for_write(self, model, **hints):
        return "lab" if model._meta.app_label == "perftests" else None


class CheckTests(SimpleTestCase):
    def problems(self, token):
        with override_settings(PERFTESTS={"METRICS_TOKEN": token}):
            return run_checks(tags=["perftests"])

    def test_a_site_without_a_token_for_the_metrics_has_no_problem(self):
        self.assertEqual(self.problems(""), [])

    def test_a_token_that_a_header_can_have_is_no_problem(self):
        for token in ("0123456789abcdef", "aZ09-._~+/aZ09-._~+/=="):
            with self.subTest(token):
                self.assertEqual(self.problems(token), [])

    def test_a_token_that_is_short_or_that_no_header_can_have_is_refused_and_not_shown(self):
        for token in ("hunter2", "a secret with spaces", "0123456789abcdef\n", "é" * 20, "=" * 20):
            with self.subTest(token):
                [problem] = self.problems(token)
                self.assertEqual(problem.id, "perftests.E001")
                self.assertIn(f'PERFTESTS["METRICS_TOKEN"] is {len(token)} char', problem.msg)
                self.assertNotIn(token, problem.msg)

    def test_a_token_that_is_no_text_is_refused_and_not_shown(self):
        for token in (None, 1234567890123456, b"0123456789abcdef"):
            with self.subTest(token):
                [problem] = self.problems(token)
                self.assertIn(f"is a {type(token).__name__}; it must be", problem.msg)

    def test_a_repository_that_is_no_page_of_the_web_is_refused(self):
        for url in ("javascript:alert(1)", "github.com/you", "https://", None, 5):
            with self.subTest(url), override_settings(PERFTESTS={"REPOSITORY_URL": url}):
                [problem] = run_checks(tags=["perftests"])
                self.assertEqual(problem.id, "perftests.E002")
        with override_settings(PERFTESTS={"REPOSITORY_URL": "https://github.com/you/project/"}):
            self.assertEqual(run_checks(tags=["perftests"]), [])

    def test_a_switch_that_is_neither_on_nor_off_is_refused(self):
        for word in ("yes", "", None, 2):
            with self.subTest(word), override_settings(PERFTESTS={"START_FROM_ADMIN": word}):
                [problem] = run_checks(tags=["perftests"])
                self.assertEqual(problem.id, "perftests.E003")

    def test_a_router_that_parts_the_lab_from_the_users_is_refused(self):
        default = connections.settings["default"]
        for name, found in (("elsewhere", ["perftests.E004"]), (default["NAME"], [])):
            lab = {"lab": {**default, "NAME": name}}
            with (
                self.subTest(name),
                mock.patch.dict(connections.settings, lab),
                override_settings(DATABASE_ROUTERS=[LabRouter()]),
            ):
                self.assertEqual([one.id for one in run_checks(tags=["perftests"])], found)
                del connections["lab"]

    def test_each_check_of_perftests_is_in_the_reference_of_the_settings(self):
        ids = re.findall(r'id="(perftests\.E\d+)"', Path(checks.__file__).read_text())
        page = Path(__file__).parents[3] / "docs/reference/settings.md"
        self.assertEqual(re.findall(r"^\| `(perftests\.E\d+)`", page.read_text(), re.M), ids)

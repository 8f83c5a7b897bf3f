"""docs/reference/settings.md against the code."""

import ast
import re
from dataclasses import fields
from importlib import import_module
from pathlib import Path

from django.core.checks import run_checks
from django.test import SimpleTestCase, override_settings

from notifications import checks
from notifications.conf import Settings
from perftests import checks as perftests_checks

from .pages import page

TEXT = page("reference/settings")
ENVIRONMENT, NOTIFICATIONS = TEXT.split("## `NOTIFICATIONS`")


def rows(text):
    """The rows of its tables by their first cell, which is code; each as its other cells."""
    lines = re.findall(r"^\| `([\w.]+)` \| (.*) \|$", text, re.MULTILINE)
    return {name: cells.split(" | ") for name, cells in lines}


def unquoted(cell):
    return "" if cell == "(empty)" else cell.strip("`")


def environment_variables():
    """What the settings of the project read, with the default as one would write it."""
    module = import_module("notifyproject.settings")
    for node in ast.walk(ast.parse(Path(module.__file__).read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("env."):
            for default in (kw.value for kw in node.keywords if kw.arg == "default"):
                value = eval(ast.unparse(default), vars(module))
                text = ",".join(value) if isinstance(value, list) else str(value)
                yield node.args[0].value, text.replace(f"{module.BASE_DIR}/", "")


class DocumentedEnvironmentTests(SimpleTestCase):
    def test_each_environment_variable_is_documented_with_its_default(self):
        documented = {name: unquoted(cells[0]) for name, cells in rows(ENVIRONMENT).items()}
        self.assertIn("DATABASE_URL", documented)
        self.assertEqual(documented, dict(environment_variables()))


class DocumentedSettingsTests(SimpleTestCase):
    documented = {name: cells for name, cells in rows(NOTIFICATIONS).items() if name.isupper()}

    def test_each_setting_is_documented_with_its_default(self):
        defaults = {name: ast.literal_eval(unquoted(c[0])) for name, c in self.documented.items()}
        self.assertEqual(defaults, {field.name: field.default for field in fields(Settings)})

    def test_the_documented_unit_of_a_setting_is_that_of_its_name(self):
        for name, (_, unit, *_) in self.documented.items():
            ending = name.rpartition("_")[2].lower()
            if ending in ("seconds", "bytes", "days"):
                self.assertEqual((name, unit), (name, ending))

    def test_the_documented_limits_of_a_setting_are_those_of_its_check(self):
        for name, (_, _, limits, _) in self.documented.items():
            with self.subTest(name), override_settings(NOTIFICATIONS={name: -1}):
                (problem,) = run_checks(tags=["notifications"])
                self.assertIn(f"has to be {limits};", problem.hint)

    def test_each_check_of_the_app_is_documented(self):
        source = "".join(path.read_text() for path in Path(checks.__file__).parent.glob("*.py"))
        ids = re.findall(r'id="(notifications\.[EW]\d+)"', source)
        documented = [
            name for name in rows(NOTIFICATIONS) if re.match(r"notifications\.[EW]", name)
        ]
        self.assertEqual(documented, sorted(set(ids)))

    def test_each_check_of_perftests_is_documented(self):
        ids = re.findall(r'id="(perftests\.[EW]\d+)"', Path(perftests_checks.__file__).read_text())
        self.assertEqual(re.findall(r"^\| `(perftests\.[EW]\d+)`", TEXT, re.MULTILINE), ids)

"""docs/reference/compatibility.md against what is tested, and what the package says of itself."""

import ast
import re
import tomllib

from django.test import SimpleTestCase

from .pages import ROOT, TEXTS, page

PAGE = page("reference/compatibility")
CLASSIFIER = re.compile(r"(Programming Language :: Python|Framework :: Django) :: (\d+\.\d+)")


def sessions():
    """The Pythons of each Django for which nox has a session."""
    for node in ast.parse((ROOT / "noxfile.py").read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PYTHONS":
            return ast.literal_eval(node.value)
    raise AssertionError("noxfile.py has no PYTHONS.")


def classified():
    """The versions of Python and of Django that the package is said to run on."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = [CLASSIFIER.fullmatch(line) for line in project["classifiers"]]
    pairs = [match.groups() for match in found if match]
    return tuple([version for what, version in pairs if word in what] for word in ("Py", "Dj"))


def minors(text):
    return re.findall(r"(\d+\.\d+)\b", text)


def said(text, of):
    """The second cell of the row of a table that begins so."""
    [cell] = re.findall(rf"^\| {of} \| (.*) \|$", text, re.MULTILINE)
    return cell


class CompatibilityTests(SimpleTestCase):
    def test_the_package_claims_the_versions_that_are_tested_and_no_others(self):
        pythons, djangos = classified()
        self.assertEqual(djangos, list(sessions()))
        self.assertEqual(pythons, sorted({one for some in sessions().values() for one in some}))

    def test_the_page_and_the_readme_name_these_versions(self):
        pythons, djangos = classified()
        self.assertEqual(minors(said(PAGE, "Python")), pythons)
        self.assertEqual(minors(said(PAGE, "Django").split(";")[0]), djangos)
        fits = said(TEXTS["README.md"], "Python, Django").split(" (")[0]
        self.assertEqual(fits, f"{pythons[0]} to {pythons[-1]}; {', '.join(djangos)}")

    def test_the_table_of_results_has_a_cell_for_each_session_and_no_other(self):
        heading, _, *lines = PAGE[PAGE.index("| | Django ") :].split("\n\n")[0].splitlines()
        djangos = minors(heading)
        rows = {minors(line)[0]: line.split("|")[2:-1] for line in lines}
        filled = {
            django: tuple(python for python, cells in rows.items() if cells[column].strip())
            for column, django in enumerate(djangos)
        }
        self.assertEqual(filled, sessions())

    def test_the_results_say_of_which_day_they_are(self):
        self.assertRegex(PAGE, r"The fast tests of \d+ \w+ 20\d\d")

"""requirements.txt, and what pyproject.toml declares for whoever installs the package."""

import tomllib
from importlib.metadata import packages_distributions

from django.conf import settings
from django.test import SimpleTestCase
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from perftests.apps import MODULES

PACKAGE = "django-durable-notifications"


def parsed(lines):
    """Requirements by name, without those of the package on extras of its own."""
    requirements = map(Requirement, lines)
    return {canonicalize_name(r.name): r for r in requirements if r.name != PACKAGE}


def required():
    """What requirements.txt lists."""
    lines = (settings.BASE_DIR / "requirements.txt").read_text().splitlines()
    return parsed(line for line in lines if line and not line.startswith("#"))


def lowest(requirement):
    """The lowest version that it allows."""
    return max(Version(s.version) for s in requirement.specifier if s.operator in (">=", "~="))


class RequirementsTests(SimpleTestCase):
    def setUp(self):
        project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]
        self.optional = project["optional-dependencies"]
        self.extras = parsed(line for lines in self.optional.values() for line in lines)
        self.declared = self.extras | parsed(project["dependencies"])

    def test_requirements_txt_has_everything_that_the_package_and_its_extras_need(self):
        for name, needed in self.declared.items():
            with self.subTest(name):
                ours = required()[name]
                self.assertLessEqual(needed.extras, ours.extras)
                self.assertIn(lowest(ours), needed.specifier)

    def test_requirements_txt_has_nothing_else_but_what_the_project_and_its_tests_need(self):
        own = {"django-environ", "whitenoise"}
        own |= {"hypothesis", "packaging", "polib", "pytest-django", "pyyaml", "tblib"}
        self.assertEqual(set(required()) - set(self.declared), own)

    def test_perftests_looks_for_all_that_its_extra_brings(self):
        distributions = packages_distributions()
        found = {canonicalize_name(distributions[module][0]) for module in MODULES}
        self.assertEqual(found, set(self.extras))

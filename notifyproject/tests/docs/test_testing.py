"""docs/how-to/test.md: each snippet is run, and fails where it has to."""

import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from django.test import SimpleTestCase, TestCase, TransactionTestCase, tag

from ..own_project import OwnProject
from .pages import block, page

PAGE = page("how-to/test")


def cases(beginning):
    """The test case of a snippet, made a class of this module."""
    names = {"__name__": __name__}
    exec(block(PAGE, "python", beginning), names)
    bases = (TestCase, TransactionTestCase)
    (case,) = (c for n, c in names.items() if n.endswith("Tests") and issubclass(c, bases))
    return case


class TestPageTests(cases("# tests.py")):
    """The first snippet, as it stands."""


class AsyncTestPageTests(cases("# test_async.py")):
    """The async one, as it stands."""


class SocketTestPageTests(cases("# test_socket.py")):
    """The one with a socket, as it stands."""


class TestPageCountTests(SimpleTestCase):
    def test_the_classes_above_have_the_tests_of_the_page(self):
        load = unittest.defaultTestLoader.loadTestsFromTestCase
        found = [load(c) for c in (TestPageTests, AsyncTestPageTests, SocketTestPageTests)]
        self.assertEqual([suite.countTestCases() for suite in found], [2, 1, 1])


@tag("own_database", "slow")
class PytestPageTests(SimpleTestCase):
    def test_the_fixture_of_the_page_works_in_a_project_with_pytest(self):
        project = OwnProject(Path(self.enterContext(TemporaryDirectory())))
        project.copy("notifications")
        project.follow_the_page()
        for name in ("conftest.py", "test_export.py"):
            (project.folder / name).write_text(block(PAGE, "python", f"# {name}"))
        words = ("-m", "pytest", "-q", "--ds=mysite.settings", "-p", "no:cacheprovider")
        self.assertIn("1 passed", project.run(*words))

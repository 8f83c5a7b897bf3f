"""Whoever reads nothing but the name of a failing test knows what broke."""

import ast
import re

from django.conf import settings
from django.test import SimpleTestCase

TREES = ("notifications/tests", "notifyproject/tests", "perftests/tests", "perftests/suites")
SAMPLES = "*samples.py"
"""Tests that others run, and whose names nobody reads."""

LEAST_WORDS = 4
DEPENDENT = re.compile(
    r"test_(it|its|they|them|their|this|that|these|those|what|who|whom|whose|which|others"
    r"|and|or|nor|but|so|then|also|by|the_same|one_that|one_who|one_of)_"
)
"""Beginnings whose subject stands in the test before, or in the name of the class."""


def stands_alone(name):
    return len(name.split("_")) > LEAST_WORDS and not DEPENDENT.match(name)


def names_in(tree):
    """Each test of the tree by its file and name, also those that one database has not."""
    for path in sorted((settings.BASE_DIR / tree).rglob("*.py")):
        if not path.match(SAMPLES):
            for name in names_below(ast.parse(path.read_text())):
                yield path.relative_to(settings.BASE_DIR), name


def names_below(node):
    """The names of the tests below a node; those that a test defines are samples, too."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from names_below(child)
        elif child.name.startswith("test"):
            yield child.name


class TestNameTests(SimpleTestCase):
    def test_every_test_has_a_name_that_stands_alone(self):
        for tree in TREES:
            found = list(names_in(tree))
            self.assertTrue(found, tree)
            leaning = [f"{path}: {name}" for path, name in found if not stands_alone(name)]
            self.assertEqual(leaning, [])

    def test_names_that_lean_on_the_test_before_are_refused(self):
        for name in (
            *("test_replay", "test_any_json", "test_it_waits_for_the_others"),
            *("test_and_so_do_its_copies", "test_nor_one_of_its_copies", "test_or_in_a_header"),
            *("test_the_same_for_primary_keys", "test_one_who_waits_gets_the_others"),
            *("test_what_was_sent_comes_again", "test_their_names_are_those_of_the_day"),
        ):
            with self.subTest(name):
                self.assertFalse(stands_alone(name))

    def test_names_with_a_subject_of_their_own_are_accepted(self):
        for name in ("test_a_ping_gets_a_pong", "test_items_are_listed_once"):
            with self.subTest(name):
                self.assertTrue(stands_alone(name))

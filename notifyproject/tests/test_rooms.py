"""The listing of the folders is the architecture, and stays so."""

import ast
import re
from configparser import ConfigParser

from django.test import SimpleTestCase

from .rooms import APPS, ROOT, dotted, modules, rooms

MOST_MODULES = 14
MOST_LINES = 300
REASON = "Long because "
DJANGOS = {"management"}
"""Rooms whose inside Django has laid out."""


def exhaustive_layers():
    """By container, the rooms that a contract holds in order; it fails where one is left out."""
    contracts = ConfigParser()
    contracts.read(ROOT / ".importlinter")
    found = {}
    for contract in map(contracts.__getitem__, contracts.sections()):
        if contract.get("exhaustive") == "True":
            for container in contract["containers"].split():
                found[container] = set(re.findall(r"\w+", contract["layers"]))
    return found


class ContractTests(SimpleTestCase):
    def test_each_folder_has_its_place_in_an_import_contract(self):
        contracts = exhaustive_layers()
        for room in rooms():
            if room.name not in APPS and room.parent.name not in DJANGOS:
                with self.subTest(dotted(room)):
                    self.assertIn(room.name, contracts.get(dotted(room.parent), set()))


class SizeTests(SimpleTestCase):
    def test_no_folder_has_more_modules_than_can_be_seen_at_once(self):
        for room in rooms():
            with self.subTest(dotted(room)):
                self.assertLessEqual(len(list(room.glob("[!_]*.py"))), MOST_MODULES)

    def test_a_module_of_more_than_300_lines_says_in_its_docstring_why(self):
        for path in modules():
            text = path.read_text()
            if text.count("\n") > MOST_LINES:
                with self.subTest(dotted(path)):
                    self.assertIn(REASON, ast.get_docstring(ast.parse(text)) or "")

    def test_a_module_that_says_why_it_is_long_is_long(self):
        for path in modules():
            text = path.read_text()
            if REASON in (ast.get_docstring(ast.parse(text)) or ""):
                with self.subTest(dotted(path)):
                    self.assertGreater(text.count("\n"), MOST_LINES)


class DocstringTests(SimpleTestCase):
    def test_each_room_says_in_its_docstring_what_it_is_for(self):
        for room in rooms():
            with self.subTest(dotted(room)):
                self.assertTrue(ast.get_docstring(ast.parse((room / "__init__.py").read_text())))

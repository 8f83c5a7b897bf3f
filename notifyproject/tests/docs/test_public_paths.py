"""docs/reference/public-paths.md: what a project may import, and that no document imports more."""

import ast
import re
from importlib import import_module

from django.test import SimpleTestCase

from .pages import TEXTS, blocks, page, table

PROMISED = {
    "notifications.exceptions",
    "notifications.fanout",
    "notifications.health.urls",
    "notifications.layers",
    "notifications.models",
    "notifications.moving",
    "notifications.postgres",
    "notifications.routing",
    "notifications.send",
    "notifications.privacy",
    "notifications.privacy.actions",
    "notifications.signals",
    "notifications.testing",
    "notifications.testing.fixtures",
    "notifications.tickets",
    "notifications.urls",
    "perftests.load.web",
    "perftests.measure.metrics",
    "perftests.runner",
    "perftests.testcases",
    "perftests.urls",
    "perftests.workloads",
}
"""Taking one away breaks projects: do so in a major version, after a deprecation."""


class PublicPathTests(SimpleTestCase):
    public = {
        path: set(re.findall(r"`(\w+)`", names))
        for path, (names, _) in table(page("reference/public-paths"), "path").items()
    }

    def test_each_public_path_stands_in_the_reference(self):
        self.assertEqual(set(self.public), PROMISED)

    def test_each_public_path_has_the_names_that_the_reference_says(self):
        for path, names in self.public.items():
            module = import_module(path)
            for name in names:
                with self.subTest(path):
                    self.assertTrue(hasattr(module, name), name)

    def test_the_code_in_the_documents_imports_from_public_paths_alone(self):
        found = {(path, name) for text in TEXTS.values() for path, name in imports(text)}
        self.assertGreater(len(found), 5)
        for path, name in found:
            with self.subTest(path):
                whole = f"{path}.{name}" in self.public  # such as an included `urls`
                self.assertTrue(whole or name in self.public.get(path, ()), name)


def imports(text):
    """What the Python code of a document takes from the apps, in imports and in settings."""
    for code in blocks(text, "python"):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and is_ours(node.module):
                yield from ((node.module, alias.name) for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from ((alias.name, "") for alias in node.names if is_ours(alias.name))
            elif isinstance(node, ast.Constant) and is_ours(node.value):
                path, _, name = node.value.rpartition(".")
                yield path, name


def is_ours(value):
    """Whether it is the path of a module or a class of the apps."""
    path = r"(notifications|perftests)(\.[a-z_]+)+(\.[A-Z]\w+)?"
    return isinstance(value, str) and re.fullmatch(path, value)

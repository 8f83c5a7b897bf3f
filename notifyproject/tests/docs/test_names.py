"""What the documents quote of the code exists: modules, functions, commands, settings."""

import re
from contextlib import suppress
from importlib.util import find_spec
from pkgutil import resolve_name

from django.conf import global_settings
from django.core.management import get_commands
from django.test import SimpleTestCase

from notifications.conf import get_settings

from .pages import TEXTS, page


class NameTests(SimpleTestCase):
    def test_each_module_and_function_that_a_document_quotes_exists(self):
        for name, text in TEXTS.items():
            for quoted in re.findall(r"`((?:notifications|perftests)(?:\.\w+)+)\W", text):
                if not re.fullmatch(r"(notifications|perftests)\.([EW]\d+|v\d)", quoted):
                    with self.subTest(f"{name}: {quoted}"):
                        self.assertTrue(exists(quoted))

    def test_each_management_command_that_a_document_quotes_exists(self):
        for name, text in TEXTS.items():
            for quoted in re.findall(r"manage\.py ([a-z_]+)", text):
                with self.subTest(name):
                    self.assertIn(quoted, get_commands())

    def test_each_setting_that_the_pages_on_security_and_scaling_name_exists(self):
        foreign = {"DATABASE_URL", "REDIS_URL", "CHANNEL_LAYERS", "CONN_MAX_AGE", "OPTIONS"}
        foreign |= set(dir(global_settings))
        for name in ("explanation/security", "how-to/secure", "how-to/scale"):
            named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)*)`", page(name))) - foreign
            self.assertTrue(all(hasattr(get_settings(), key) for key in named), named)


def exists(name):
    """Whether it is a module, which need not be one that can be imported here, or in one."""
    with suppress(ModuleNotFoundError):
        if find_spec(name):
            return True
    with suppress(ModuleNotFoundError, AttributeError):
        resolve_name(name)
        return True
    return False

import inspect
import pkgutil
from importlib import import_module
from unittest import TestCase

from django.test import SimpleTestCase

from perftests import suites


def functions():
    """Every function and method of the suites that belongs to no test class."""
    for info in pkgutil.walk_packages(suites.__path__, f"{suites.__name__}."):
        for owner in vars(import_module(info.name)).values():
            if getattr(owner, "__module__", None) != info.name:
                continue
            if inspect.isfunction(owner):
                yield owner
            elif inspect.isclass(owner) and not issubclass(owner, TestCase):
                yield from filter(inspect.isfunction, vars(owner).values())


class SignatureTests(SimpleTestCase):
    def test_no_helper_of_the_suites_takes_a_whole_test_case(self):
        helpers = list(functions())
        taking = [
            f"{helper.__module__}.{helper.__qualname__}"
            for helper in helpers
            for parameter in inspect.signature(helper).parameters.values()
            if parameter.name == "test" or "TestCase" in str(parameter.annotation)
        ]
        self.assertGreater(len(helpers), 100)
        self.assertEqual(taking, [])

"""docs/reference/commands.md against the commands of both apps."""

import re

from django.core.management import BaseCommand, get_commands, load_command_class
from django.test import SimpleTestCase

from .pages import commands, page, table

PAGE = page("reference/commands")
APPS = {"notifications", "perftests"}
OWN = {name: app for name, app in get_commands().items() if app in APPS}


def parser(name):
    return load_command_class(OWN[name], name).create_parser("manage.py", name)


def arguments(name):
    """What only this command takes: options by their first name, others as the help has them."""
    usual = {action.dest for action in BaseCommand().create_parser("manage.py", "x")._actions}
    own = [action for action in parser(name)._actions if action.dest not in usual]
    return [(action.option_strings or [action.metavar or action.dest])[0] for action in own]


def sections():
    """By command, the part of the page that is about it."""
    for part in PAGE.split("\n## ")[1:]:
        for name in re.findall(r"`(\w+)`", part.splitlines()[0]):
            yield name, part


class CommandPageTests(SimpleTestCase):
    maxDiff = None

    def test_each_command_of_the_apps_is_documented(self):
        self.assertEqual(set(table(PAGE, "command")), set(OWN))

    def test_each_argument_of_a_command_is_documented(self):
        documented = {name: list(table(part, "argument")) for name, part in sections()}
        without = {"perf", "renew_epoch"}  # a page of its own, and no arguments
        self.assertEqual(documented, {name: arguments(name) for name in set(OWN) - without})
        self.assertEqual(arguments("renew_epoch"), [])

    def test_each_command_line_of_the_page_is_one_that_its_command_takes(self):
        lines = commands(PAGE, ["python", "manage.py"])
        self.assertGreater(len(lines), 2)
        for _, _, name, *words in lines:
            with self.subTest(name):
                parser(name).parse_args(words)

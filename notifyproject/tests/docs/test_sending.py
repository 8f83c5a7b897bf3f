"""docs/reference/sending.md against `notify`."""

import inspect
import re

from django.test import SimpleTestCase

from notifications.models import Level
from notifications.send import notify

from .pages import page, table

PARAMETERS = table(page("reference/sending"), "parameter")


class SendingTests(SimpleTestCase):
    def test_the_reference_has_each_parameter_of_notify_with_its_default(self):
        documented = {
            name: cells[0].strip("`")
            for names, cells in PARAMETERS.items()
            for name in re.findall(r"\w+", names)
        }
        parameters = inspect.signature(notify).parameters.values()
        self.assertEqual(documented, {p.name: shown(p.default) for p in parameters})

    def test_the_reference_has_each_level_of_a_notification(self):
        levels = re.findall(r"`(\w+)`", PARAMETERS["level"][1])
        self.assertEqual(levels, Level.values)


def shown(default):
    """As the table writes it."""
    if default is inspect.Parameter.empty:
        return "required"
    return str(default) or "empty"

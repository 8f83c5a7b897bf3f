"""docs/reference/client.md against the types of the client."""

import re

from django.contrib.staticfiles import finders
from django.test import SimpleTestCase

from .pages import page, table

TEXT = page("reference/client")


def source(name):
    with open(finders.find(f"notifications/{name}")) as file:
        return file.read()


def members(interface):
    body = re.search(rf"(?:interface|class) {interface}\b.*?\{{\n(.*?)^\}}", TYPES, re.S | re.M)
    return set(re.findall(r"^  (?:readonly )?(\w+)\??[:(<]", body[1], re.M))


TYPES = source("notifications.d.ts")


class ClientDocumentTests(SimpleTestCase):
    def test_options_fields_and_events_of_the_client_are_documented(self):
        self.assertEqual(set(table(TEXT, "option")), members("Options"))
        self.assertEqual(set(table(TEXT, "field")), members("Snapshot"))
        self.assertEqual(set(table(TEXT, "event")), members("NotificationsEventMap"))

    def test_each_method_of_the_client_is_documented_and_has_a_type(self):
        documented = set(re.findall(r"`(\w+)\([\w]*\)`", TEXT.split("## What to do")[1]))
        code = set(re.findall(r"^  (?:async )?([a-z]\w+)\(", source("notifications.js"), re.M))
        typed = members("Notifications") - {"snapshot", "leads", "addEventListener"}
        self.assertEqual(documented | {"subscribe"}, typed - {"constructor"})
        self.assertEqual(typed, code)

"""What a page with a bell has to load."""

import gzip
import re

from django.contrib.staticfiles import finders
from django.test import SimpleTestCase

AS_ONE_BYTES = 12_000
AS_FILES_BYTES = 13_500


def source(name):
    with open(finders.find(f"notifications/{name}"), "rb") as file:
        return file.read()


def loaded(name):
    """A module and all that it imports before it runs."""
    found = {name: source(name)}
    for other in re.findall(rb'^import .* from "\./(.+)";$', found[name], re.M):
        found |= loaded(other.decode())
    return found


class SizeTests(SimpleTestCase):
    def test_the_bell_with_its_client_stays_within_its_budget(self):
        modules = loaded("bell.js")
        self.assertIn("client.js", modules)
        self.assertLessEqual(len(gzip.compress(b"".join(modules.values()))), AS_ONE_BYTES)
        each = [len(gzip.compress(module)) for module in modules.values()]
        self.assertLessEqual(sum(each), AS_FILES_BYTES)

    def test_only_a_page_without_websockets_loads_what_polls(self):
        self.assertNotIn("polling.js", loaded("bell.js"))
        self.assertIn(b'import("./polling.js")', source("notifications.js"))

    def test_only_a_user_who_has_allowed_it_loads_what_rings_on_the_desktop(self):
        self.assertNotIn("desktop.js", loaded("bell.js"))
        self.assertIn(b'import("./desktop.js")', source("bell.js"))

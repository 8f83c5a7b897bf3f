import re
from pathlib import Path

from django.test import SimpleTestCase

import perftests

STYLE = Path(perftests.__path__[0], "static/perftests/admin.css")


class StyleTests(SimpleTestCase):
    def test_each_colour_of_the_admin_has_another_where_a_theme_does_not_know_it(self):
        used = re.findall(r"var\((--[a-z-]+)\)", STYLE.read_text())
        self.assertIn("--perf-fg", used)
        self.assertEqual([name for name in used if not name.startswith("--perf-")], [])

"""The lab in the admin under a theme that replaces its templates and styles."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import SkipTest

from django.conf import settings
from django.test import SimpleTestCase, tag

from notifications.tests.browser import chromium, needs_browser

from .pictures import Site

THEME = "django-unfold"
THEMED = "notifyproject.tests.themed_site"

FILL = """
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
call_command("migrate", verbosity=0)
from perftests import store
from perftests.tests.admin_pages import make_result, make_run, measured_result
from perftests.tests.compare.test_reporting import QUERY, reported
from perftests.tests.watch.samples import SLOW, result_of, watched
from perftests.watch.judging import judge
for _ in range(2):
    make_run(measured_result(), make_result("s.T.b", row="W1"))
store.keep(reported(counted=[QUERY]))
judge(watched(result_of(SLOW)))
client = Client()
client.force_login(User.objects.create_superuser("root"))
print(client.cookies["sessionid"].value)
"""

ADMIN = "/admin/perftests"
PAGES = {
    "list": (f"{ADMIN}/perfrun/", "#result_list .perf-badge"),
    "run": (f"{ADMIN}/perfrun/2/change/", ".perf-result"),
    "compare": (f"{ADMIN}/perfrun/compare/?run=1&run=2", "#effects"),
    "paired": (f"{ADMIN}/perfrun/compare/?run=3", ".perf-forest circle"),
    "trend": (f"{ADMIN}/perfrun/trend/?test=s.T.b", ".perf-timeline circle"),
    "export": (f"{ADMIN}/perfrun/export/?run=1", ".perf-formats a"),
    "start": (f"{ADMIN}/perfrun/start/", ".perf-start"),
    "alerts": (f"{ADMIN}/perfalert/", "#result_list .perf-open"),
    "alert": (f"{ADMIN}/perfalert/1/change/", ".perf-open"),
}
"""By its name each page, and what stands on it."""

HEADINGS = {
    "compare": "Runs side by side",
    "paired": "Two versions in pairs",
    "trend": "Trend",
    "export": "Export",
    "start": "Start a run",
}
"""Of pages that are none of the admin's own, of whose names a theme knows nothing."""

SIZES = ((1280, 800, "light"), (390, 844, "dark"))

OVERFULL = """() => [...document.querySelectorAll("#result_list tbody tr > *")]
    .filter(each => each.offsetWidth && each.scrollWidth > each.clientWidth + 1)
    .map(each => each.outerHTML.slice(0, 80))"""
"""Cells of a list whose words lie upon the next one."""


@tag("own_environment", "slow")
@needs_browser
class ThemedAdminTests(SimpleTestCase):
    """In a folder of packages and a database of their own, behind a server with the theme."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="themed-")))
        install(THEME, folder / "packages")
        cls.environment = {
            "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
            "PYTHONPATH": f"{folder}/packages",
        }
        command = [sys.executable, "manage.py", "shell", "-v0", "-c", FILL]
        environment = {**os.environ, **cls.environment, "DJANGO_SETTINGS_MODULE": THEMED}
        cls.session = subprocess.run(
            command,
            cwd=settings.BASE_DIR,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()[-1]
        cls.site = cls.enterClassContext(Site(THEMED, **cls.environment))
        cls.browser = cls.enterClassContext(chromium())

    def new_page(self, width, height, scheme):
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        self.addCleanup(context.close)
        context.add_cookies([{"name": "sessionid", "value": self.session, "url": self.site.url}])
        return context.new_page()

    def test_each_page_of_the_lab_opens_under_a_theme_and_is_as_wide_as_the_screen(self):
        errors = []
        for width, height, scheme in SIZES:
            page = self.new_page(width, height, scheme)
            page.on("pageerror", lambda error: errors.append(str(error)))
            for name, (path, mark) in PAGES.items():
                with self.subTest(name, width=width):
                    self.assertEqual(page.goto(f"{self.site.url}{path}").status, 200)
                    self.assertTrue(page.locator(mark).first.is_visible())
                    wide = page.evaluate("document.documentElement.scrollWidth")
                    self.assertLessEqual(wide, width)
                    self.assertEqual(page.evaluate(OVERFULL), [])
        self.assertEqual(errors, [])

    def test_each_page_of_the_lab_has_a_heading_of_its_own_under_a_theme(self):
        page = self.new_page(*SIZES[0])
        for name, heading in HEADINGS.items():
            with self.subTest(name):
                page.goto(f"{self.site.url}{PAGES[name][0]}")
                shown = page.get_by_role("heading", name=heading, level=1, exact=True)
                self.assertTrue(shown.is_visible())

    def test_the_words_of_the_lab_are_seen_against_the_ground_of_a_theme(self):
        path, row = PAGES["run"]
        for size in SIZES:
            page = self.new_page(*size)
            page.goto(f"{self.site.url}{path}")
            ink = page.locator(row).first.evaluate("e => getComputedStyle(e).color")
            ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
            self.assertGreater(abs(brightness(page, ink) - brightness(page, ground)), 100)


def brightness(page, colour):
    """From 0 to 255, of a colour in any notation."""
    red, green, blue, *_ = page.evaluate(
        """colour => {
          const canvas = new OffscreenCanvas(1, 1).getContext("2d");
          canvas.fillStyle = colour;
          canvas.fillRect(0, 0, 1, 1);
          return [...canvas.getImageData(0, 0, 1, 1).data];
        }""",
        colour,
    )
    return (red + green + blue) / 3


def install(name, folder):
    """Without what it needs, which is here."""
    words = ["uv", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), name]
    done = subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        raise SkipTest(f"{name} cannot be installed, so nothing was tested: {done.stderr}")

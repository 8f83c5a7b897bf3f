"""docs/start/tutorial.md, from an empty folder on, with the wheel: `nox -s wheel`."""

import tempfile
from pathlib import Path

from django.test import SimpleTestCase

from notifications.tests.browser import chromium, wait_until

from .docs.pages import block, page
from .docs.steps import Follower
from .environments import build_wheel
from .stopwatch import timed

PAGE = page("start/tutorial")
DAPHNE = '# mysite/settings.py, at its end\nINSTALLED_APPS = ["daphne"'
"""What a site that stays with WSGI does not have."""

LIMIT_SECONDS = 30
LIVE_SECONDS = 3
MOST_SECONDS = 300


class TutorialTests(SimpleTestCase):
    def setUp(self):
        wheel = build_wheel(self.folder())
        self.follower = Follower(self, self.folder(), {"…/notifyproject": wheel})
        self.browser = self.enterContext(chromium())
        self.sections = PAGE.split("\n## ")

    def folder(self):
        return Path(self.enterContext(tempfile.TemporaryDirectory()))

    def follow(self, number, page=None):
        """A section; with the page before the user's eyes when it comes to its last commands."""
        [section] = [one for one in self.sections if one.startswith(f"{number}. ")]
        before, mark, last = section.rpartition("```console\n")
        self.follower.follow(before)
        tab = page and page()
        self.follower.follow(mark + last)
        return tab

    def signed_in(self, port="8000", status="open"):
        """Ada's page, when it is connected so."""
        tab = self.browser.new_context().new_page()
        tab.goto(self.follower.url(port))
        tab.fill("#id_username", "ada")
        tab.fill("#id_password", Follower.PASSWORD)
        tab.locator("[type=submit]").click()
        store = "document.querySelector('notification-bell').notifications?.snapshot.status"
        wait_until(tab, lambda: tab.evaluate(store) == status, status, LIMIT_SECONDS)
        return tab

    def follow_to_a_bell(self):
        for number in (1, 2):
            self.follow(number)
        polling = self.follow(3, lambda: self.signed_in(status="polling"))
        self.assert_rings(polling, "1", LIMIT_SECONDS)
        return polling

    def assert_rings(self, tab, count, seconds):
        badge = tab.locator("#badge")
        wait_until(tab, lambda: badge.text_content() == count, f"{count} on the bell", seconds)

    def test_the_tutorial_leads_from_an_empty_folder_to_a_bell_that_rings(self):
        with timed(self, "From an empty folder to a bell", MOST_SECONDS):
            polling = self.follow_to_a_bell()
        polling.locator("#bell").click()
        polling.get_by_role("link", name="All notifications").click()
        polling.get_by_role("link", name="Hello").wait_for()
        self.assert_rings(self.follow(4, self.signed_in), "2", LIVE_SECONDS)
        self.follower.replace("mysite/settings.py", block(PAGE, "python", DAPHNE))
        behind_nginx = self.follow(5, lambda: self.signed_in("8080"))
        self.assert_rings(behind_nginx, "3", LIVE_SECONDS)

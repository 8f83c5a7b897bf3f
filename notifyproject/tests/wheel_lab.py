"""docs/start/lab.md, from an empty folder on, with the wheel: `nox -s wheel`."""

import tempfile
from pathlib import Path

from django.test import SimpleTestCase

from notifications.tests.browser import chromium

from .docs.pages import page
from .docs.steps import Follower
from .environments import build_wheel
from .stopwatch import timed

PAGE = page("start/lab")
MOST_SECONDS = 300
ONCE, TWICE = "{User.objects.count()} people", "{User.objects.count()} of {User.objects.count()}"


class LabTutorialTests(SimpleTestCase):
    def setUp(self):
        wheel = build_wheel(self.folder())
        self.follower = Follower(self, self.folder(), {"…/notifyproject": wheel})

    def folder(self):
        return Path(self.enterContext(tempfile.TemporaryDirectory()))

    def test_the_tutorial_leads_from_an_empty_folder_to_a_measured_page(self):
        with timed(self, "From an empty folder to a measured page", MOST_SECONDS):
            self.follower.follow(PAGE)
        self.assert_compared_in_the_admin()
        self.follower.replace("mysite/urls.py", ONCE, TWICE)
        said = self.follower.refused("python manage.py perf mysite.perf")
        self.assertRegex(said, r"statements .* 2 ")

    def assert_compared_in_the_admin(self):
        tab = self.enterContext(chromium()).new_page()
        tab.goto(f"{self.follower.url()}/admin/perftests/perfrun/")
        tab.fill("#id_username", "ada")
        tab.fill("#id_password", Follower.PASSWORD)
        tab.locator("[type=submit]").click()
        tab.locator("#action-toggle").check()
        tab.select_option("select[name=action]", label="Compare selected runs")
        tab.locator("button[name=index]").click()
        tab.wait_for_url("**/compare/?run=1&run=2")
        tab.get_by_text("before").first.wait_for()

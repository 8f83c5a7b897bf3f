"""Where `USE_THOUSAND_SEPARATOR` is on, a template writes the run 1234 as 1,234."""

import re
from html import unescape
from pathlib import Path

from django.apps import apps
from django.test import SimpleTestCase, TestCase, override_settings
from django.urls import reverse

from perftests.models import PerfRun, PerfWish, WishState
from perftests.records.results import State

from ..admin_pages import PAGE, AdminMixin, make_result, make_run

LOCALIZED_KEY = re.compile(r'="?\{\{ [\w.]*\bpk \}\}')
"""The key of a row in an address or a form, as people write numbers."""


class KeysInTemplatesTests(SimpleTestCase):
    def test_keys_in_addresses_and_forms_are_written_without_separators(self):
        for app in ("perftests", "durable_notifications"):
            templates = list(Path(apps.get_app_config(app).path, "templates").rglob("*.html"))
            self.assertTrue(templates)
            wrong = [path.name for path in templates if LOCALIZED_KEY.search(path.read_text())]
            self.assertEqual(wrong, [])


@override_settings(USE_THOUSAND_SEPARATOR=True, PERFTESTS={"START_FROM_ADMIN": True})
class LargeNumbersTests(AdminMixin, TestCase):
    def run_of_number(self, number, **fields):
        run = make_run(make_result(), **fields)
        PerfRun.objects.filter(pk=run.pk).delete()
        run.pk = number
        run.save(force_insert=True)
        return run

    def follow(self, page):
        """The status of each page of runs that the page has a link to."""
        links = re.findall(r'(?:href|data-part)="([^"]*run=[^"]*)"', page.content.decode())
        self.assertTrue(links)
        for link in links:
            with self.subTest(link):
                address = unescape(link)
                path = page.request["PATH_INFO"] if address.startswith("?") else ""
                self.assertEqual(self.client.get(path + address).status_code, 200)

    def test_links_between_pages_lead_to_runs_beyond_the_thousandth(self):
        first, second = self.run_of_number(1234), self.run_of_number(1235)
        self.follow(self.get(PAGE, second.pk))
        self.follow(self.get("admin:perftests_perfrun_export", run=[first.pk, second.pk]))

    def test_a_run_beyond_the_thousandth_can_be_followed(self):
        run = self.run_of_number(1234, state=State.RUNNING)
        self.follow(self.get(PAGE, run.pk))
        self.follow(self.get("admin:perftests_perfrun_live", run=run.pk))

    def test_a_wish_beyond_the_thousandth_can_be_cancelled(self):
        wish = PerfWish.objects.create(pk=1234, arguments=["N7"], state=WishState.QUEUED)
        queue = self.get("admin:perftests_perfrun_start_part").content.decode()
        number = re.search(r'name="wish" value="([^"]*)"', queue)[1]
        self.client.post(reverse("admin:perftests_perfrun_cancel"), {"wish": number})
        wish.refresh_from_db()
        self.assertEqual(wish.state, WishState.CANCELLED)

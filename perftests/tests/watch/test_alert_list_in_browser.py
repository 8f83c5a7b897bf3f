from django.test import modify_settings, tag
from django.urls import reverse

from notifications.tests.browser import needs_browser, violations
from perftests.watch.judging import judge

from ..admin_pages import CSP
from ..lab.browsing import SIZES, LabInBrowserTestCase
from .samples import QUICK, SLOW, result_of, watched


@tag("slow")
@needs_browser
@modify_settings(MIDDLEWARE={"prepend": CSP})
class AlertListInBrowserTests(LabInBrowserTestCase):
    def setUp(self):
        super().setUp()
        for metric in (SLOW, QUICK, SLOW):
            judge(watched(result_of(metric)))
        self.path = reverse("admin:perftests_perfalert_changelist")

    def test_the_list_of_alerts_fits_and_passes_axe_on_any_screen(self):
        for size, scheme in zip(SIZES, ("light", "dark"), strict=True):
            page = self.open(self.path, size, scheme)
            self.assertEqual(page.evaluate("document.documentElement.scrollWidth"), size[0])
            self.assertTrue(page.locator(".perf-open").is_visible())
            self.assertEqual(violations(page, "#result_list"), [])
            self.assertEqual(violations(page, ".object-tools"), [])

    def test_a_click_subscribes_and_another_ends_it(self):
        page = self.open(self.path)
        page.get_by_role("button", name="Tell me of alerts").click()
        page.get_by_text("You will be told of alerts.").wait_for()
        page.get_by_role("button", name="Tell me no more").click()
        page.get_by_role("button", name="Tell me of alerts").wait_for()

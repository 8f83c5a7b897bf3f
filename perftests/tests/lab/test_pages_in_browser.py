from django.contrib.auth.models import User
from django.contrib.staticfiles.testing import StaticLiveServerTestCase
from django.test import modify_settings, tag
from django.urls import reverse

from notifications.tests.browser import chromium, needs_browser, violations
from perftests import store
from perftests.records.targets import Metric
from perftests.tests.compare.test_reporting import QUERY, reported

from ..admin_pages import CSP, make_result, make_run, measured_result

SIZES = ((1280, 800), (390, 844))


@tag("slow")
@needs_browser
@modify_settings(MIDDLEWARE={"prepend": CSP})
class LabPagesInBrowserTests(StaticLiveServerTestCase):
    def setUp(self):
        self.client.force_login(User.objects.create_superuser("root"))
        runs = [
            make_run(
                measured_result(),
                make_result("s.T.b", row="W1", metrics=(Metric("p99", v, "ms", low=1, high=9),)),
                make_result("s.T.c", row="W2", metrics=(Metric("queries", v, "queries", "exact"),)),
                label="nowhere_to_break_" * 6,
            )
            for v in (1.0, 1.0, 1.0, 3.0, 3.0, 3.0)
        ]
        both, paired = f"run={runs[0].pk}&run={runs[5].pk}", store.keep(reported(counted=[QUERY]))
        self.pages = {
            "changelist": ("", "#result_list .perf-spark polyline"),
            "compare": (f"?{both}", ".perf-forest circle"),
            "compare, paired": (f"?run={paired.pk}", ".perf-forest circle"),
            "trend": ("?test=s.T.b", ".perf-timeline .perf-step"),
            "export": (f"?{both}", ".perf-formats a"),
        }

    def context(self, browser, size, scheme):
        width, height = size
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        cookie = {"name": "sessionid", "value": self.client.cookies["sessionid"].value}
        context.add_cookies([{**cookie, "url": self.live_server_url}])
        return context

    def check(self, page, name, width):
        """The page is complete and as wide as the screen, and axe has nothing to say of it."""
        query, mark = self.pages[name]
        url = reverse(f"admin:perftests_perfrun_{name.partition(',')[0]}")
        page.goto(f"{self.live_server_url}{url}{query}")
        self.assertGreater(page.locator(mark).count(), 0)
        self.assertEqual(page.evaluate("document.documentElement.scrollWidth"), width)
        page.evaluate("document.querySelectorAll('#content details').forEach(d => d.open = true)")
        within = "#result_list" if name == "changelist" else ".perf-run"
        self.assertEqual(violations(page, within), [])

    def test_each_page_fits_passes_axe_and_complains_of_nothing_on_any_screen(self):
        complaints = []
        with chromium() as browser:
            for size, scheme in zip(SIZES, ("light", "dark"), strict=True):
                page = self.context(browser, size, scheme).new_page()
                page.on("pageerror", lambda error: complaints.append(str(error)))
                page.on("console", lambda message: complaints.append(message.text))
                for name in self.pages:
                    with self.subTest(name, size=size):
                        self.check(page, name, size[0])
        self.assertEqual([text for text in complaints if "404" not in text], [])

    def test_a_click_on_a_point_of_a_trend_leads_to_its_run(self):
        with chromium() as browser:
            page = self.context(browser, SIZES[0], "light").new_page()
            page.goto(f"{self.live_server_url}{reverse('admin:perftests_perfrun_trend')}")
            page.locator(".perf-timeline circle").first.click()
            page.locator(".perf-verdict").wait_for()

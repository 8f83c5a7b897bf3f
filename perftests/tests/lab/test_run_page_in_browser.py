from django.contrib.auth.models import User
from django.contrib.staticfiles.testing import StaticLiveServerTestCase
from django.test import modify_settings, tag
from django.urls import reverse

from notifications.tests.browser import CHROMIUM, needs_browser
from perftests.records.targets import Metric, Target

from ..admin_pages import CSP, KEPT, PAGE, make_result, make_run, measured_result


@tag("slow")
@needs_browser
@modify_settings(MIDDLEWARE={"prepend": CSP})
class RunPageInBrowserTests(StaticLiveServerTestCase):
    def setUp(self):
        from playwright.sync_api import sync_playwright

        self.client.force_login(User.objects.create_superuser("root"))
        missed = Metric("p99", 120.0, "ms", "lower", Target("<", 100))
        fillers = [
            make_result(f"s.T.test_{n}", row=f"R{n}", metrics=(KEPT,) * 10) for n in range(40)
        ]
        make_run(*fillers)
        run = make_run(
            *fillers, make_result("s.T.test_bad", row="W7", metrics=(missed,)), measured_result()
        )
        self.url = self.live_server_url + reverse(PAGE, args=[run.pk])
        playwright = sync_playwright().start()
        self.addCleanup(playwright.stop)
        self.browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        self.addCleanup(self.browser.close)
        self.complaints = []

    def open(self, width, height, scheme):
        size = {"width": width, "height": height}
        context = self.browser.new_context(viewport=size, color_scheme=scheme)
        cookie = {"name": "sessionid", "value": self.client.cookies["sessionid"].value}
        context.add_cookies([{**cookie, "url": self.live_server_url}])
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.goto(self.url)
        return page

    def test_the_first_screen_names_the_fault_and_its_row_and_the_page_stays_short(self):
        for width, height in ((1280, 800), (390, 844)):
            for scheme in ("light", "dark"):
                page = self.open(width, height, scheme)
                fault = page.locator("section[aria-labelledby=missed] .perf-top").first
                self.assertEqual(fault.inner_text()[:17], "W7 p99: 120 ms, <")
                box = fault.bounding_box()
                self.assertLess(box["y"] + box["height"], height)
                self.assertLess(page.locator("#rows").bounding_box()["y"], height)
                self.assertEqual(page.evaluate("document.documentElement.scrollWidth"), width)
                tall = page.evaluate("document.documentElement.scrollHeight")
                self.assertLessEqual(tall, 3000)
        self.assertEqual([text for text in self.complaints if "404" not in text], [])

    def test_a_row_opens_by_keyboard_to_its_charts_and_passes_axe_in_both_themes(self):
        from axe_playwright_python.sync_playwright import Axe

        for scheme in ("light", "dark"):
            page = self.open(1280, 800, scheme)
            row = page.locator(".perf-result", has_text="N1")
            row.locator("summary").first.press("Enter")
            row.locator("figure polyline").first.wait_for(state="attached")
            self.assertTrue(row.locator("figure").first.is_visible())
            found = Axe().run(page, context=".perf-run")
            self.assertEqual(found.violations_count, 0, found.generate_report())

import tempfile
from pathlib import Path

from django.contrib.auth.models import User
from django.contrib.staticfiles.testing import StaticLiveServerTestCase
from django.test import SimpleTestCase, tag
from django.urls import reverse

from notifications.tests.browser import chromium, needs_browser, violations
from perftests import store
from perftests.reports.exports.formats import Destination

from .comparisons import comparison

NARROW = {"width": 390, "height": 844}
WIDE = {"width": 1280, "height": 800}
WIDTH = "document.documentElement.scrollWidth"
OPEN_ALL = "document.querySelectorAll('details').forEach(d => d.open = true)"
CUT_OFF = (
    "[...document.querySelectorAll('main :is(p, td, th, dd, pre), .perf-run :is(p, td, th, li)')]"
    ".filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
)
HIDDEN = (
    "[...document.querySelectorAll('.wide')].filter(e => e.scrollWidth > e.clientWidth + 1)"
    ".map(e => e.textContent)"
)
LIST_IS_CUT_OFF = "(e => e.scrollWidth > e.clientWidth)(document.querySelector('.results'))"
LOOKS = [(size, scheme) for size in (NARROW, WIDE) for scheme in ("light", "dark")]


class PageTestCase:
    def open(self, url, size, scheme, cookie=None):
        page = self.browser.new_page(viewport=size, color_scheme=scheme)
        self.addCleanup(page.close)
        if cookie:
            page.context.add_cookies([cookie])
        self.complaints, self.requests = [], []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(url)
        page.evaluate(OPEN_ALL)
        return page


@tag("slow")
@needs_browser
class ComparisonFileTests(PageTestCase, SimpleTestCase):
    def setUp(self):
        path = Path(self.enterContext(tempfile.TemporaryDirectory()), "against.html")
        Destination("html", path).write(comparison())
        self.url = path.as_uri()
        self.browser = self.enterContext(chromium())

    def test_a_comparison_as_a_file_asks_for_nothing_and_complains_of_nothing(self):
        page = self.open(self.url, WIDE, "light")
        self.assertEqual((self.complaints, len(self.requests)), ([], 1))
        self.assertIn("fedcba987654 with changes against origin/main", page.title())

    def test_a_comparison_as_a_file_is_readable_and_accessible_on_any_screen(self):
        for size, scheme in LOOKS:
            with self.subTest(width=size["width"], scheme=scheme):
                page = self.open(self.url, size, scheme)
                self.assertLessEqual(page.evaluate(WIDTH), size["width"])
                self.assertEqual(page.evaluate(CUT_OFF), [])
                self.assertEqual(page.evaluate(HIDDEN), [])
                self.assertEqual(violations(page), [])

    def test_a_comparison_as_a_file_says_first_what_is_slower(self):
        for size in (NARROW, WIDE):
            page = self.open(self.url, size, "light")
            slower = page.locator("tr", has_text="push").first.bounding_box()
            self.assertLess(slower["y"], size["height"])

    def test_a_comparison_as_a_file_prints_what_was_counted_with_where_it_comes_from(self):
        page = self.open(self.url, WIDE, "light")
        page.emulate_media(media="print")
        counted = page.get_by_text("served: a push to one: 4 → 5 statements").first
        self.assertTrue(counted.is_visible())
        self.assertIn("notifications/hub/delivery/push.py:120", counted.text_content())
        self.assertGreater(len(page.pdf()), 1000)


@tag("slow")
@needs_browser
class ComparisonInTheAdminTests(PageTestCase, StaticLiveServerTestCase):
    def setUp(self):
        for number in range(3):
            run = store.keep(comparison(f"A label of some length, number {number}"))
        self.run_pk = run.pk
        self.client.force_login(User.objects.create_superuser("root"))
        # Its event loop runs in this thread, where Django then forbids queries.
        self.browser = self.enterContext(chromium())

    def visit(self, name, *arguments, size, scheme="light"):
        session = self.client.cookies["sessionid"].value
        url = self.live_server_url + reverse(f"admin:perftests_perfrun_{name}", args=arguments)
        cookie = {"name": "sessionid", "value": session, "url": self.live_server_url}
        return self.open(url, size, scheme, cookie)

    def test_a_comparison_in_the_admin_is_readable_and_accessible_on_any_screen(self):
        for size, scheme in LOOKS:
            with self.subTest(width=size["width"], scheme=scheme):
                page = self.visit("change", self.run_pk, size=size, scheme=scheme)
                self.assertLessEqual(page.evaluate(WIDTH), size["width"])
                self.assertEqual(page.evaluate(CUT_OFF), [])
                self.assertEqual([c for c in self.complaints if "404" not in c], [])
                self.assertEqual(violations(page, ".perf-run"), [])

    def test_a_comparison_in_the_admin_names_the_metric_of_each_finding(self):
        page = self.visit("change", self.run_pk, size=WIDE)
        self.assertTrue(page.get_by_text("connect: can't tell, 28 pairs").is_visible())

    def test_the_list_of_runs_cuts_no_column_off_on_any_screen(self):
        for width in (390, 1200, 1280):
            with self.subTest(width):
                page = self.visit("changelist", size={"width": width, "height": 800})
                self.assertIs(page.evaluate(LIST_IS_CUT_OFF), False)

import tempfile
from pathlib import Path

from django.test import SimpleTestCase, tag

from notifications.tests.browser import chromium, needs_browser, violations
from perftests.measure.histogram import LatencyHistogram
from perftests.measure.series import Series
from perftests.records.results import Outcome, Result
from perftests.records.targets import Metric, Target
from perftests.reports.exports.formats import Destination

from ...sample_reports import BROKEN, MISSED, PASSED, SKIPPED, report

HOSTILE = "</title><script>document.title = 'owned'</script><img src=x onerror=alert(1)>"
MEASURED = Result(
    test="app.tests.Delivery.test_latency",
    suite="notification",
    row="N7",
    title=HOSTILE,
    outcome=Outcome.COMPLETED,
    seconds=10.0,
    metrics=tuple(
        Metric(f"latency of a kind {number}", 5.0, "ms", "lower", required=Target("<", 50))
        for number in range(30)
    ),
    series=tuple(
        Series(f"server series {number}", "MB", (0.0, 1.0, 2.0), (10.0, 20.0, 15.0 + number))
        for number in range(7)
    ),
    histograms={
        "commit to client": LatencyHistogram.from_nanoseconds(range(10**6, 10**8, 10**5)).encode()
    },
    notes=(HOSTILE,),
)
SIZES = ((390, 844), (1280, 800))
OPEN_ALL = "document.querySelectorAll('details').forEach(d => d.open = true)"
LINES = (
    "[...document.querySelectorAll('figure > svg')]"
    ".map(svg => svg.querySelectorAll('polyline').length)"
)


@tag("slow")
@needs_browser
class ReportPageTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = cls.enterClassContext(chromium())

    def open(self, **options):
        """The page of a run of every kind, from its file; what it complains of and asks for."""
        path = Path(self.enterContext(tempfile.TemporaryDirectory()), "run.html")
        sample = report(PASSED, MISSED, BROKEN, SKIPPED, MEASURED, label=HOSTILE)
        Destination("html", path).write(sample)
        page = self.browser.new_page(**options)
        self.addCleanup(page.close)
        self.complaints, self.requests = [], []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(path.as_uri())
        return page

    def test_the_html_report_opens_offline_without_a_request_or_a_complaint(self):
        page = self.open(offline=True)
        self.assertEqual(self.complaints, [])
        self.assertEqual(len(self.requests), 1)
        self.assertIn("Run 12", page.title())

    def test_the_html_report_says_what_is_missed_on_its_first_screen(self):
        for width, height in SIZES:
            with self.subTest(width):
                page = self.open(viewport={"width": width, "height": height})
                for text in ("Missed, required", "missing"):
                    box = page.get_by_text(text, exact=True).first.bounding_box()
                    self.assertLess(box["y"] + box["height"], height)

    def test_the_html_report_is_never_wider_than_the_screen_with_all_of_it_opened(self):
        for width, height in SIZES:
            with self.subTest(width):
                page = self.open(viewport={"width": width, "height": height})
                page.evaluate(OPEN_ALL)
                self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), width)

    def test_no_chart_of_the_html_report_draws_more_than_five_lines(self):
        page = self.open()
        self.assertEqual(sorted(page.evaluate(LINES)), [1, 5])
        self.assertIn("2 more are left out", page.content())

    def test_axe_finds_nothing_in_the_html_report_light_dark_or_narrow(self):
        for scheme in ("light", "dark"):
            for width, height in SIZES:
                with self.subTest(scheme=scheme, width=width):
                    size = {"width": width, "height": height}
                    page = self.open(viewport=size, color_scheme=scheme)
                    page.evaluate(OPEN_ALL)
                    self.assertEqual(violations(page), [])

    def test_the_html_report_prints_its_summary_and_what_is_missed(self):
        page = self.open()
        page.emulate_media(media="print")
        self.assertTrue(page.get_by_text("Missed, required", exact=True).is_visible())
        self.assertGreater(len(page.pdf()), 1000)

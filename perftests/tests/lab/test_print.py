import re
from itertools import product

from django.test import tag
from django.urls import reverse

from notifications.tests.browser import needs_browser
from perftests import store
from perftests.records.targets import Metric, Target
from perftests.tests.compare.test_reporting import QUERY, reported
from perftests.watch.judging import judge

from ..admin_pages import KEPT, make_result, make_run, measured_result
from ..watch.samples import SLOW, result_of, watched
from .browsing import LabInBrowserTestCase

PAPERS = ((703, 1000), (1100, 700))
"""What of A4 is within its margins, upright and across."""

PAPER = PAPERS[0]

CLICKED = "header, nav, aside, footer, form select, form input, button, .object-tools"

VISIBLE = f"""() => [...document.querySelectorAll({CLICKED!r})]
    .filter(each => each.checkVisibility()).map(each => each.outerHTML.slice(0, 80))"""

NOT_BLACK = """() => [...document.querySelectorAll("body *:not(svg *)")]
    .filter(each => [...each.childNodes].some(n => n.nodeType == 3 && n.data.trim()))
    .filter(each => each.checkVisibility())
    .filter(each => getComputedStyle(each).color != "rgb(0, 0, 0)")
    .map(each => each.outerHTML.slice(0, 80))"""

NOT_WHITE = """() => [...document.querySelectorAll("body, body *:not(svg *)")]
    .filter(each => !/^(rgba\\(0, 0, 0, 0\\)|rgb\\(255, 255, 255\\))$/.test(
        getComputedStyle(each).backgroundColor))
    .map(each => each.outerHTML.slice(0, 80))"""

TORN = """() => [...document.querySelectorAll(
    ".perf-run :is(tr, figure, .perf-top, .perf-result:not([open])), #result_list tr")]
    .filter(each => getComputedStyle(each).breakInside != "avoid")
    .map(each => each.outerHTML.slice(0, 80))"""

CUT_OFF = """() => [...document.querySelectorAll(".perf-wide, .wide, .perf-detail, .perf-run")]
    .filter(each => each.checkVisibility() && each.scrollWidth > each.clientWidth + 1)
    .map(each => each.outerHTML.slice(0, 80))"""


FAULTS = {
    "visible": VISIBLE,
    "not black": NOT_BLACK,
    "not white": NOT_WHITE,
    "torn": TORN,
    "cut off": CUT_OFF,
}

WIDTHS = """() => [document.documentElement, document.querySelector(".perf-run, #changelist")]
    .map(each => each.scrollWidth)"""
"""Of the document, and of what is to be printed."""


@tag("slow")
@needs_browser
class PrintTests(LabInBrowserTestCase):
    def setUp(self):
        super().setUp()
        missed = tuple(
            Metric(f"p{n}", 120.0, "ms", "lower", Target("<", 100)) for n in range(5, 10)
        )
        fillers = [make_result(f"s.T.{n}", row=f"R{n}", metrics=(KEPT,) * 3) for n in range(40)]
        runs = [
            make_run(*fillers, make_result("s.T.bad", row="W7", metrics=missed), measured_result())
            for _ in range(2)
        ]
        judge(watched(result_of(SLOW)))
        both, paired = f"run={runs[0].pk}&run={runs[1].pk}", store.keep(reported(counted=[QUERY]))
        self.run_page = reverse("admin:perftests_perfrun_change", args=[runs[1].pk])
        compare = reverse("admin:perftests_perfrun_compare")
        self.pages = {
            "list": reverse("admin:perftests_perfrun_changelist"),
            "run": self.run_page,
            "compare": f"{compare}?{both}",
            "paired": f"{compare}?run={paired.pk}",
            "trend": f"{reverse('admin:perftests_perfrun_trend')}?test=s.T.bad",
            "alerts": reverse("admin:perftests_perfalert_changelist"),
        }

    def print_preview(self, path, paper):
        page = self.open(path, paper, "dark")
        page.emulate_media(media="print")
        return page

    def test_each_page_prints_black_on_white_with_nothing_to_click_and_no_row_torn(self):
        for (name, path), paper in product(self.pages.items(), PAPERS):
            page = self.print_preview(path, paper)
            for what, script in FAULTS.items():
                with self.subTest(name, what=what, paper=paper):
                    self.assertEqual(page.evaluate(script), [])
            with self.subTest(name, what="width", paper=paper):
                self.assertEqual(page.evaluate(WIDTHS), [paper[0], paper[0]])

    def test_the_lists_of_a_run_are_whole_on_paper_and_folded_on_the_screen(self):
        page = self.open(self.run_page, PAPER)
        fifth = page.get_by_text("p9:")
        self.assertFalse(fifth.is_visible())
        page.emulate_media(media="print")
        self.assertTrue(fifth.is_visible())

    def test_a_row_that_was_opened_prints_its_metrics_and_charts_and_the_others_one_line(self):
        page = self.open(self.run_page, PAPER)
        opened = page.locator(".perf-result", has_text="N1")
        opened.locator("summary").first.click()
        page.emulate_media(media="print")
        self.assertTrue(opened.locator("figure").first.is_visible())
        self.assertTrue(opened.locator(".perf-metrics").first.is_visible())
        closed = page.locator(".perf-result", has_text="R7 ").first
        self.assertFalse(closed.locator(".perf-metrics").first.is_visible())

    def test_a_run_of_forty_rows_is_a_document_of_few_pages(self):
        paper = self.open(self.run_page).pdf(format="A4")
        self.assertTrue(paper.startswith(b"%PDF"))
        self.assertIn(len(re.findall(rb"/Type\s*/Page\b", paper)), range(2, 6))

from django.test import override_settings, tag
from django.urls import reverse

from notifications.tests.browser import needs_browser
from perftests.records.targets import Metric, Target

from ..admin_pages import PAGE, make_result, make_run, measured_result
from .browsing import SIZES, LabInBrowserTestCase

CUT_OFF = """() => [...document.querySelectorAll("figure > svg text")].filter(text => {
    const svg = text.closest("svg");
    const clip = getComputedStyle(svg).overflow !== "visible" && svg.getBoundingClientRect();
    const {left, right} = text.getBoundingClientRect();
    const [from, to] = clip ? [clip.left, clip.right] : [0, innerWidth];
    return left < from - 1 || right > to + 1;
  }).map(text => text.textContent)"""

ON_THE_DRAWING = """() => [...document.querySelectorAll("figure > svg")].flatMap(svg => {
    const {left} = svg.querySelector(".grid").getBoundingClientRect();
    const beside = [...svg.querySelectorAll("text[dominant-baseline]")];
    return beside.filter(text => text.getBoundingClientRect().right > left);
  }).map(text => text.textContent)"""

TURNED_ROUND = """() => {
  const at = (node, word) => {
    const range = document.createRange(), begin = node.data.indexOf(word);
    range.setStart(node, begin);
    range.setEnd(node, begin + word.length);
    return range.getBoundingClientRect();
  };
  const run = document.querySelector(".perf-run");
  const texts = document.createTreeWalker(run, NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) {
    const node = texts.currentNode, value = node.data.match(/([0-9.]+) (ms|×|%)(?=[ ,)]|$)/);
    if (!value || !node.parentElement.checkVisibility()) continue;
    if (node.parentElement.closest(".help, .perf-facts, svg, .perf-told b")) continue;
    const number = at(node, value[1]), unit = at(node, value[2]);
    if (number.top === unit.top && number.left > unit.left) found.push(node.data.trim());
  }
  return found;
}"""
"""Values whose unit is to the left of the number."""

AXIS = """() => [...document.querySelectorAll(".perf-axis span")]
    .map(span => [span.getBoundingClientRect().left, parseFloat(span.textContent)])
    .sort((one, other) => one[0] - other[0]).map(([, value]) => value)"""

BESIDE_THE_AXIS = """() => {
  const box = selector => document.querySelector(selector).getBoundingClientRect();
  const drawn = box(".perf-forest svg"), axis = box(".perf-axis");
  return Math.abs((drawn.left + drawn.right - axis.left - axis.right) / 2);
}"""
"""Pixels between the middle of the axis and that of the drawings under it."""


@tag("slow")
@needs_browser
class DrawingsInBrowserTests(LabInBrowserTestCase):
    def setUp(self):
        super().setUp()
        missed = [Metric("p99", v, "ms", "lower", goal=Target("<", 10)) for v in (12.0, 18.0)]
        self.runs = [
            make_run(measured_result(), make_result("s.T.b", row="W1", metrics=(metric,))).pk
            for metric in missed
        ]

    def assert_finds_nothing(self, *questions):
        """On each page with drawings, with everything unfolded, on each screen."""
        both = "&".join(f"run={run}" for run in self.runs)
        for path in (
            reverse(PAGE, args=[self.runs[1]]),
            f"{reverse('admin:perftests_perfrun_compare')}?{both}",
            f"{reverse('admin:perftests_perfrun_trend')}?test=s.T.b",
        ):
            for size in SIZES:
                page = self.open(path, size)
                page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
                with self.subTest(path, size=size):
                    self.assertEqual(
                        [found for each in questions for found in page.evaluate(each)], []
                    )

    def test_the_words_of_a_drawing_are_whole_on_any_screen_in_either_direction(self):
        for language in ("en", "he"):
            with override_settings(LANGUAGE_CODE=language):
                self.assert_finds_nothing(CUT_OFF, ON_THE_DRAWING)

    @override_settings(LANGUAGE_CODE="he")
    def test_a_number_stands_before_its_unit_where_the_page_goes_from_right_to_left(self):
        self.assert_finds_nothing(TURNED_ROUND)

    @override_settings(LANGUAGE_CODE="he")
    def test_the_axis_of_ratios_goes_the_way_of_the_drawings_under_it(self):
        both = f"?run={self.runs[0]}&run={self.runs[1]}"
        for size in SIZES:
            page = self.open(f"{reverse('admin:perftests_perfrun_compare')}{both}", size)
            values = page.evaluate(AXIS)
            self.assertEqual(values, sorted(values))
            self.assertLess(page.evaluate(BESIDE_THE_AXIS), 30)

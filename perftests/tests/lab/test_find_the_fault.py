from django.test import tag
from django.urls import reverse

from notifications.tests.browser import needs_browser
from perftests.records.targets import Metric, Target

from ..admin_pages import KEPT, PAGE, make_result, make_run
from .browsing import SCREEN, SIZES, LabInBrowserTestCase

P99 = Metric("p99", 10.0, "ms", "lower", Target("<", 100))
RATE = Metric("rate", 9.0, "1/s", "higher", Target(">", 5))
FAULTS = {
    "a required target that is missed": (
        "W7",
        Metric("p99", 120.0, "ms", "lower", Target("<", 100)),
        ("Missed, required: 1", "W7 p99: 120 ms, < 100, missed by 20"),
    ),
    "a number in doubt": (
        "W3",
        Metric("rate", 9.0, "1/s", "higher", Target(">", 5), doubt="The client was busy."),
        ("In doubt: 1", "W3 rate: The client was busy."),
    ),
    "a step of 30 percent": (
        "N7",
        Metric("p99", 13.0, "ms", "lower", Target("<", 100)),
        ("Changed since run", "N7 p99: 1.30 ×"),
    ),
}
"""By what was planted: the row, the metric as it became, and the words that give it away."""


def make_suites(**faults):
    """A run of forty rows that are well, and of three that may have a fault."""
    well = [make_result(f"s.T.test_{n}", row=f"R{n}", metrics=(KEPT,) * 10) for n in range(40)]
    rows = {"W7": P99, "W3": RATE, "N7": P99, **faults}
    others = [make_result(f"s.T.{row}", row=row, metrics=(m,)) for row, m in rows.items()]
    return make_run(*well, *others)


@tag("slow")
@needs_browser
class FindTheFaultTests(LabInBrowserTestCase):
    """Who knows nothing but the first screen of a run names the fault that was planted in it."""

    def setUp(self):
        super().setUp()
        self.well = make_suites()

    def screens(self, run):
        for size in SIZES:
            with self.subTest(size=size):
                yield self.open(reverse(PAGE, args=[run.pk]), size).evaluate(SCREEN)

    def test_the_first_screen_names_the_one_fault_of_a_run_and_its_row(self):
        for planted, (row, metric, words) in FAULTS.items():
            run = make_suites(**{row: metric})
            with self.subTest(planted):
                for screen in self.screens(run):
                    for word in words:
                        self.assertIn(word, screen)
            run.delete()  # or the next one would be compared with it

    def test_the_first_screen_of_a_run_without_a_fault_names_none(self):
        for screen in self.screens(make_suites()):
            for _row, _metric, (heading, line) in FAULTS.values():
                self.assertNotIn(line, screen)
                self.assertTrue(heading.startswith("Changed") or heading not in screen)
            self.assertIn("43 of 43 tests passed", screen)
            self.assertIn("No count, and nothing by more than the usual noise.", screen)

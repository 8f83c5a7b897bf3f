from io import StringIO

from django.test import SimpleTestCase
from rich.console import Console

from perftests.measure.results import State
from perftests.measure.targets import Target
from perftests.reports import console

from .reports import BROKEN, MISSED, PASSED, SKIPPED, report


def printed(draw, argument, width=120, **options):
    output = StringIO()
    draw(argument, Console(file=output, width=width, **options))
    return output.getvalue()


def lines_with(text, word):
    return [line for line in text.splitlines() if word in line]


class ReportTests(SimpleTestCase):
    def setUp(self):
        self.text = printed(console.print_report, report(PASSED, MISSED, BROKEN, SKIPPED))

    def test_the_headline_says_what_run_it_is_and_what_it_came_to(self):
        headline = self.text.splitlines()[0]
        for expected in ("Run 12", "before [the] upgrade", "2026-01-02 03:04:05", "3 min 12 s"):
            self.assertIn(expected, headline)
        self.assertTrue(headline.endswith("finished after 3 min 12 s: fail"), headline)

    def test_it_shows_the_environment(self):
        for expected in (
            "A processor, 2 cores, 8 GB",
            "sqlite 3.40.1",
            "InProcessChannelLayer",
            "daphne",
            "standard",
            "django 5.2.1, channels 4.3.2",
            "abcdef012345",
            "0.50, 0.25, 0.12",
            "loop 3.0 ms",
            "2.5 %",
        ):
            self.assertIn(expected, self.text)

    def test_each_metric_has_its_value_and_both_verdicts(self):
        (line,) = lines_with(self.text, "1,500 /s")
        self.assertRegex(line, r"rate +1,500 /s +> 100  pass +> 2000  missed by 25 %")

    def test_a_metric_without_a_value_is_a_dash_with_its_doubt_in_words(self):
        (line,) = lines_with(self.text, "< 50")
        self.assertRegex(line, r"p99 +– +< 50  inconclusive")
        self.assertIn("p99 is in doubt: only 5 samples", self.text)

    def test_results_stand_under_their_suites(self):
        places = [self.text.index(word) for word in ("─ notification ─", "N1", "N2", "─ memory ─")]
        self.assertEqual(places, sorted(places))

    def test_failures_are_named_with_their_text(self):
        failures = self.text[self.text.index("─ failures ─") :]
        self.assertIn("missed its target: app.tests.Delivery.test_lost", failures)
        self.assertIn("missing is 3 notifications, asked == 0", failures)
        self.assertIn("broke: app.tests.Memory.test_leak", failures)
        self.assertNotIn("test_rate", failures)

    def test_a_skip_says_why(self):
        self.assertRegex(self.text, r"M2  With Redis  skipped")
        self.assertIn("there is no Redis", self.text)

    def test_it_ends_with_how_many_passed(self):
        self.assertTrue(
            self.text.rstrip().endswith(
                "1 of 4 tests passed, 2 failed, 0 inconclusive, 1 skipped."
                " Targets met: asked 1/2, ours 0/2."
            ),
            self.text[-200:],
        )

    def test_text_of_tests_is_never_taken_for_markup(self):
        self.assertIn("Sent [bold]one by one[/bold].", self.text)
        self.assertIn("[red]it crashed[/red]", self.text)

    def test_a_run_that_was_cut_short_is_inconclusive(self):
        text = printed(console.print_report, report(PASSED, state=State.ABORTED))
        self.assertIn("aborted after 3 min 12 s: inconclusive", text)

    def test_a_run_without_results_has_a_report(self):
        text = printed(console.print_report, report(state=State.ABORTED))
        self.assertIn("0 of 0 tests passed", text)
        self.assertNotIn("failures", text)

    def test_it_is_plain_text_unless_it_goes_to_a_terminal(self):
        self.assertNotIn("\x1b", self.text)
        coloured = printed(console.print_report, report(PASSED), force_terminal=True)
        self.assertIn("\x1b[32mpass", coloured)

    def test_a_traceback_is_not_broken_at_a_narrow_terminal(self):
        narrow = printed(console.print_report, report(BROKEN), width=30)
        self.assertIn("RuntimeError: [red]it crashed[/red]", narrow)


class SummaryTests(SimpleTestCase):
    def test_it_is_one_line_for_each_test(self):
        text = printed(console.print_summary, [PASSED, MISSED, BROKEN, SKIPPED])
        self.assertRegex(text, r"N1 +High-volume delivery +pass +1/1 +0/2 +1 min 15 s")
        self.assertRegex(text, r"N2 +Nothing is lost +fail +0/1 +500 ms")
        self.assertRegex(text, r"M1 +Creation +fail +2.0 s")
        self.assertRegex(text, r"M2 +With Redis +skipped")


class WordsTests(SimpleTestCase):
    def test_a_shortfall_is_relative_to_the_limit(self):
        self.assertEqual(console.shortfall(88, Target(">", 100)), "missed by 12 %")
        self.assertEqual(console.shortfall(250, Target("<", 100)), "missed by 150 %")

    def test_a_shortfall_from_nothing_is_absolute(self):
        self.assertEqual(console.shortfall(3, Target("==", 0)), "missed by 3")

    def test_a_duration_reads_well_at_every_length(self):
        self.assertEqual(console.duration(0.0123), "12 ms")
        self.assertEqual(console.duration(5.04), "5.0 s")
        self.assertEqual(console.duration(59.96), "1 min 0 s")
        self.assertEqual(console.duration(192), "3 min 12 s")

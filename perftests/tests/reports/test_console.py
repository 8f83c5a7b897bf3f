from dataclasses import replace
from io import StringIO

from django.test import SimpleTestCase
from rich.console import Console

from perftests.records.targets import Target
from perftests.reports import console, verdict

from ..sample_reports import BROKEN, MISSED, PASSED, SKIPPED, report


def printed(draw, argument, width=120, **options):
    output = StringIO()
    draw(argument, Console(file=output, width=width, **options))
    return output.getvalue()


def lines_with(text, word):
    return [line for line in text.splitlines() if word in line]


class PrintedReportTests(SimpleTestCase):
    def setUp(self):
        self.text = printed(console.print_report, report(PASSED, MISSED, BROKEN, SKIPPED))

    def test_the_headline_of_a_report_says_what_run_it_is_and_what_it_came_to(self):
        headline = str(verdict.headline(report(PASSED, MISSED)))
        for expected in ("Run 12", "before [the] upgrade", "2026-01-02 03:04:05", "3 min 12 s"):
            self.assertIn(expected, headline)
        self.assertTrue(headline.endswith("finished after 3 min 12 s: fail"), headline)

    def test_the_printed_report_shows_the_environment(self):
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

    def test_each_metric_of_the_printed_report_has_its_value_and_both_verdicts(self):
        (line,) = lines_with(self.text, "1,500 /s")
        self.assertRegex(line, r"rate +1,500 /s +> 100  pass +> 2000  missed by 25.0 %")

    def test_a_metric_without_a_value_is_printed_as_a_dash(self):
        (line,) = lines_with(self.text, "< 50")
        self.assertRegex(line, r"p99 +– +< 50  inconclusive")

    def test_the_printed_report_has_results_under_their_suites(self):
        places = [self.text.index(word) for word in ("─ notification ─", "N1", "N2", "─ memory ─")]
        self.assertEqual(places, sorted(places))

    def test_the_text_of_tests_is_never_taken_for_markup(self):
        self.assertIn("Sent [bold]one by one[/bold].", self.text)

    def test_the_printed_report_is_plain_text_unless_it_goes_to_a_terminal(self):
        self.assertNotIn("\x1b", self.text)
        coloured = printed(console.print_report, report(PASSED), force_terminal=True)
        self.assertIn("\x1b[32mpass", coloured)

    def test_names_of_rows_are_never_taken_for_markup(self):
        odd = replace(PASSED, row="[/red]", suite="[/b]")
        self.assertIn("[/red]", printed(console.print_report, report(odd)))
        self.assertIn("[/red]", printed(console.print_summary, [odd]))


class PrintedSummaryTests(SimpleTestCase):
    def test_the_printed_summary_has_one_line_for_each_test(self):
        text = printed(console.print_summary, [PASSED, MISSED, BROKEN, SKIPPED])
        self.assertRegex(text, r"N1 +High-volume delivery +pass +1/1 +0/2 +1 min 15 s")
        self.assertRegex(text, r"N2 +Nothing is lost +fail +0/1 +500 ms")
        self.assertRegex(text, r"M1 +Creation +fail +2.0 s")
        self.assertRegex(text, r"M2 +With Redis +skipped")


class PrintedWordsTests(SimpleTestCase):
    def test_a_shortfall_is_relative_to_the_limit(self):
        self.assertEqual(console.shortfall(88, Target(">", 100)), "missed by 12.0 %")
        self.assertEqual(console.shortfall(250, Target("<", 100)), "missed by 150.0 %")

    def test_a_shortfall_from_a_limit_of_0_is_absolute(self):
        self.assertEqual(console.shortfall(3, Target("==", 0)), "missed by 3")

    def test_a_duration_reads_well_at_every_length(self):
        self.assertEqual(console.duration(0.0123), "12 ms")
        self.assertEqual(console.duration(5.04), "5.0 s")
        self.assertEqual(console.duration(59.96), "1 min 0 s")
        self.assertEqual(console.duration(192), "3 min 12 s")

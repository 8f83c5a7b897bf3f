from datetime import UTC, datetime
from io import StringIO

from django.test import SimpleTestCase, TestCase
from rich.console import Console

from perftests import store
from perftests.compare.differences import Difference, Differences
from perftests.compare.experiment import Comparison
from perftests.compare.reporting import Against, report_of
from perftests.compare.summary import print_summary, progress
from perftests.compare.verdicts import judge
from perftests.measure.profiles import Shift
from perftests.records.targets import Verdict
from perftests.reports.exports import markdown, page
from perftests.reports.verdict import print_verdict

QUERY = Difference("notify", "statements", 3, 4, ("0 → 1 × SELECT 1 (send.py:9)",))


def against(push=1.0, counted=(), profiles=None, uncounted=""):
    ratios = {"push": [push + number / 1000 for number in range(14)]}
    paired = Comparison(judge(ratios), ratios, 14)
    differences = Differences(counted, uncounted)
    return Against("main", "here", datetime.now(UTC), differences, paired, profiles or {})


def reported(**options):
    return report_of(against(**options), "a label", {"against": "main"}, {})


def shown(**options):
    output = StringIO()
    print_summary(against(**options), Console(file=output, width=80))
    return output.getvalue()


class ReportTests(SimpleTestCase):
    def test_a_metric_that_became_slower_fails_the_report(self):
        report = reported(push=1.2)
        self.assertIs(report.verdict, Verdict.FAIL)
        self.assertEqual(report.results[0].detail, "Slower: push.")

    def test_functions_that_take_longer_stand_with_what_became_slower(self):
        report = reported(push=1.2, profiles={"push": [Shift("offer (socket.py)", 0.003, 0.0098)]})
        self.assertEqual(
            report.results[0].notes,
            ("push: slower, 14 pairs; longer: offer (socket.py) 3.0 → 9.8 ms",),
        )

    def test_one_query_more_fails_the_report_and_is_explained(self):
        report = reported(counted=[QUERY])
        self.assertIs(report.verdict, Verdict.FAIL)
        self.assertEqual(
            report.results[1].notes, ("notify: 3 → 4 statements: 0 → 1 × SELECT 1 (send.py:9).",)
        )

    def test_why_instructions_are_not_counted_is_kept_with_the_counts(self):
        [note] = reported(uncounted="no counter").results[1].notes
        self.assertEqual(note, "Instructions are not counted: no counter.")

    def test_a_side_that_is_faster_and_does_less_passes(self):
        less = Difference("notify", "statements", 4, 3, ())
        self.assertIs(reported(push=0.8, counted=[less]).verdict, Verdict.PASS)

    def test_every_pair_is_kept_so_that_all_can_be_computed_again(self):
        [series] = reported().results[0].series
        self.assertEqual(series.values[:2], (1.0, 1.001))


class ExportTests(SimpleTestCase):
    def test_every_export_for_people_has_what_is_found_of_each_metric(self):
        report = reported(push=1.2)
        screen = StringIO()
        print_verdict(report, Console(file=screen, width=80))
        for text in (markdown.render(report), page.render(report), screen.getvalue()):
            self.assertRegex(text, r"(?s)ompared|baseline")
            self.assertRegex(text, r"(?s)push.*1\.2\d? × .*slower, 14 pairs")


class StoredTests(TestCase):
    def test_a_comparison_comes_back_from_its_rows_as_it_was(self):
        report = reported(push=1.2, counted=[QUERY])
        stored = store.load(store.keep(report))
        self.assertEqual(stored.results, report.results)
        self.assertIs(stored.verdict, Verdict.FAIL)


class SummaryTests(SimpleTestCase):
    def test_counts_that_differ_come_first_with_where_they_come_from(self):
        text = shown(push=1.2, counted=[QUERY])
        self.assertRegex(text, r"(?s)more  notify: 3 → 4 statements.*send\.py:9")

    def test_equal_counts_are_told_in_a_line(self):
        told = "Counted: the same statements, indexes, layer commands, frames, bytes and objects."
        self.assertIn(told, " ".join(shown().split()))

    def test_why_instructions_are_not_counted_is_told_in_a_line(self):
        self.assertIn("Instructions are not counted: no counter.\n", shown(uncounted="no counter"))

    def test_progress_says_pairs_estimate_and_time_left(self):
        text = progress(3, {"push": [1.1, 1.2, 1.3], "ack": []}, 100.4)
        self.assertEqual(text, "3 pairs done, 100 s of the budget left  push 1.20")

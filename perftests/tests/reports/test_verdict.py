from dataclasses import replace
from io import StringIO

from django.test import SimpleTestCase
from rich.console import Console

from perftests.records.results import State
from perftests.records.targets import Metric, Target
from perftests.records.workload import Chosen
from perftests.reports.verdict import print_verdict

from ..sample_reports import BROKEN, MISSED, PASSED, SKIPPED, report


def printed(*results, width=120, state=State.FINISHED, **options):
    output = StringIO()
    print_verdict(report(*results, state=state), Console(file=output, width=width, **options))
    return output.getvalue()


class PrintedVerdictTests(SimpleTestCase):
    def setUp(self):
        self.text = printed(PASSED, MISSED, BROKEN, SKIPPED)

    def part(self, title):
        return self.text.partition(f"\n{title}\n")[2].partition("\n\n")[0]

    def test_the_last_screen_begins_with_the_verdict_and_how_many_tests_passed(self):
        first, second = self.text.splitlines()[:2]
        self.assertTrue(first.endswith("finished after 3 min 12 s: fail"), first)
        self.assertEqual(
            second,
            "1 of 4 tests passed, 2 failed, 0 inconclusive, 1 skipped."
            " Targets met: required 1/2, goals 0/2.",
        )

    def test_a_missed_required_target_is_named_with_row_value_limit_and_how_far(self):
        self.assertRegex(
            self.part("Missed, required"), r"N2 +missing +3 notifications +== 0 +missed by 3"
        )
        self.assertNotIn("rate", self.part("Missed, required"))

    def test_a_missed_goal_is_named_with_row_value_limit_and_how_far(self):
        self.assertRegex(self.part("Missed goals"), r"N1 +rate +1,500 /s +> 2000 +missed by 25.0 %")

    def test_required_targets_are_named_before_goals_and_those_before_doubts(self):
        titles = ("broke:", "Missed, required", "Missed goals", "In doubt")
        places = [self.text.index(title) for title in titles]
        self.assertEqual(places, sorted(places))

    def test_a_number_in_doubt_is_named_with_its_reason(self):
        doubts = self.part("In doubt")
        self.assertRegex(doubts, r"N1 +p99 +only 5 samples")
        self.assertRegex(doubts, r"M2 +skipped +there is no Redis")

    def test_an_interval_across_a_limit_is_in_doubt_with_its_ends(self):
        ratio = Metric("push", 1.1, "×", required=Target("<=", 1.2), low=0.95, high=1.31)
        text = printed(replace(PASSED, metrics=(ratio,)))
        self.assertRegex(text, r"N1 +push +its limit lies within 0.95 to 1.31")
        self.assertIn("0 failed, 1 inconclusive", text)

    def test_an_interval_beyond_a_limit_is_shown_with_the_value(self):
        ratio = Metric("push", 1.4, "×", required=Target("<=", 1.2), low=1.3, high=1.5)
        text = printed(replace(PASSED, metrics=(ratio,)))
        self.assertRegex(text, r"N1 +push +1.40 × \(1.3 to 1.5\) +<= 1.2 +missed by 16.7 %")

    def test_a_test_that_broke_is_named_with_its_traceback(self):
        self.assertIn("M1  broke: app.tests.Memory.test_leak", self.text)
        self.assertIn("RuntimeError: [red]it crashed[/red]", self.text)

    def test_a_run_that_passes_shows_nothing_but_the_verdict(self):
        metric = Metric("rate", 1500, "/s", required=Target(">", 100))
        text = printed(replace(PASSED, metrics=(metric,)))
        self.assertEqual(len(text.splitlines()), 2, text)

    def test_a_workload_that_was_changed_is_named_with_the_usual_number(self):
        workload = (Chosen("sockets", 500, 1_000), Chosen("seconds", 10, 10))
        text = printed(replace(PASSED, workload=workload))
        self.assertRegex(text, r"with the same alone\n +N1 +sockets 500 instead of 1,000\n")
        self.assertNotIn("seconds", text)

    def test_an_aborted_run_is_called_inconclusive(self):
        text = printed(PASSED, state=State.ABORTED)
        self.assertIn("aborted after 3 min 12 s: inconclusive", text)

    def test_a_run_without_results_has_a_verdict(self):
        self.assertIn("0 of 0 tests passed", printed(state=State.ABORTED))

    def test_a_target_missed_before_a_skip_is_among_the_missed(self):
        text = printed(replace(SKIPPED, metrics=MISSED.metrics))
        self.assertRegex(text, r"M2 +missing +3 notifications +== 0 +missed by 3")
        self.assertIn("1 failed, 0 inconclusive, 0 skipped", text)

    def test_a_traceback_is_not_broken_at_a_narrow_terminal(self):
        self.assertIn("RuntimeError: [red]it crashed[/red]", printed(BROKEN, width=30))

    def test_the_verdict_is_plain_text_unless_it_goes_to_a_terminal(self):
        self.assertNotIn("\x1b", self.text)
        self.assertIn("\x1b", printed(MISSED, force_terminal=True))

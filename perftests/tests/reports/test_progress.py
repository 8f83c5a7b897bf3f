from io import StringIO

from django.test import SimpleTestCase
from rich.console import Console

from perftests.records.events import (
    Finished,
    Progress,
    Started,
    SuiteStarted,
    TestEnded,
    TestStarted,
)
from perftests.reports.progress import RunProgress

from ..sample_reports import MISSED, PASSED

EVENTS = (
    Started(2),
    SuiteStarted("notification", 2),
    TestStarted(PASSED.test, "notification", "N1", PASSED.title),
    Progress("sent [5] of 10, 120/s", 5, 10),
    TestEnded(PASSED),
    TestStarted(MISSED.test, "notification", "N2", MISSED.title),
    Progress("waiting for the last one"),
)


class ProgressTests(SimpleTestCase):
    def draw(self, *events, terminal):
        output = StringIO()
        console = Console(file=output, width=100, force_terminal=terminal)
        with RunProgress(console) as progress:
            for event in events:
                progress(event)
                progress._bars.refresh()
        return output.getvalue()

    def test_the_progress_bar_of_a_terminal_has_what_is_done_and_the_live_figure(self):
        drawn = self.draw(*EVENTS, terminal=True)
        for expected in ("notification", "0/2", "N1 sent [5] of 10, 120/s", "1/2", "N2 waiting"):
            self.assertIn(expected, drawn)

    def test_progress_without_a_terminal_is_a_line_for_each_test(self):
        drawn = self.draw(*EVENTS, TestEnded(MISSED), Finished(False), terminal=False)
        self.assertEqual(
            drawn.splitlines(),
            [
                "notification N1 High-volume delivery: pass (1 min 15 s)",
                "notification N2 Nothing is lost: fail (500 ms)",
            ],
        )

    def test_progress_on_a_dumb_terminal_is_a_line_for_each_test(self):
        output = StringIO()
        console = Console(file=output, width=100, force_terminal=True, _environ={"TERM": "dumb"})
        with RunProgress(console) as progress:
            for event in EVENTS:
                progress(event)
        self.assertEqual(len(output.getvalue().splitlines()), 1)

    def test_names_of_suites_are_never_taken_for_markup(self):
        drawn = self.draw(SuiteStarted("[/red]", 2), terminal=True)
        self.assertIn("[/red]", drawn)

    def test_each_suite_has_a_progress_bar_of_its_own(self):
        drawn = self.draw(*EVENTS, TestEnded(MISSED), SuiteStarted("memory", 7), terminal=True)
        last = drawn.rpartition("notification")[2]
        self.assertIn("2/2", last)
        self.assertIn("0/7", last)

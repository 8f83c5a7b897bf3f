import os
import signal
import tempfile
from pathlib import Path
from unittest import mock

import psutil
from django.test import TransactionTestCase

from perftests.events import Finished, Started, SuiteStarted, TestEnded, TestStarted
from perftests.measure.results import Outcome, State
from perftests.measure.targets import Verdict
from perftests.models import PerfRun
from perftests.parent import Order, Run
from perftests.selection import select

from .reports import ENVIRONMENT
from .waiting import wait_until

TIMEOUT_SECONDS = 30


class RunTests(TransactionTestCase):
    """The parent stores into the database of these tests; the child has one of its own."""

    def setUp(self):
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.marks = self.directory / "marks"
        self.temporary = self.directory / "temporary"
        self.marks.mkdir()
        self.temporary.mkdir()
        environment = {
            "DATABASE_URL": f"sqlite:///{self.directory}/db.sqlite3",
            "SAMPLE_MARKS": str(self.marks),
            "PERF_CLEANUP_TIMEOUT_SECONDS": "10",
        }
        self.enterContext(mock.patch.dict(os.environ, environment))
        self.enterContext(mock.patch("tempfile.tempdir", str(self.temporary)))
        # The calibration of the machine takes seconds.
        self.enterContext(mock.patch("perftests.context.describe", return_value=ENVIRONMENT))
        self.events = []

    def run_for(self, name, listener=None, *, fail_fast=False):
        tests = [test.id() for test in select([f"perftests.tests.samples.{name}"], [])]
        order = Order(tests, "smoke", "daphne", "a label", {"scale": "smoke"}, fail_fast)
        return Run(order, listener or self.events.append)

    def interrupt_when_waiting(self, number):
        """A listener that sends a signal to this process, once the child waits."""

        def listener(event):
            if isinstance(event, TestStarted) and event.row in ("S8", "S10"):
                waiting = (self.marks / "waiting").exists
                wait_until(waiting, TIMEOUT_SECONDS, "the child")
                os.kill(os.getpid(), number)

        return listener

    def test_it_stores_the_run_with_its_results(self):
        report = self.run_for("Passing").execute()
        run = PerfRun.objects.get()
        self.assertEqual((report.run, report.label, report.state), (run.pk, "a label", "finished"))
        self.assertEqual((report.verdict, run.verdict), (Verdict.PASS, "pass"))
        self.assertEqual(report.results, (self.events[-2].result,))
        self.assertEqual(report.environment, ENVIRONMENT)
        self.assertGreater(report.seconds, 0)

    def test_it_hands_every_event_on(self):
        self.run_for("MissingATarget").execute()
        kinds = [type(event) for event in self.events]
        self.assertEqual(kinds, [Started, SuiteStarted, TestStarted, TestEnded, Finished])

    def test_asked_to_fail_fast_it_ends_with_the_first_failure(self):
        run = self.run_for("Failing", fail_fast=True)
        report = run.execute()
        (failed,) = report.results
        self.assertEqual((failed.row, failed.outcome), ("S3", Outcome.FAILED))
        self.assertEqual((report.state, report.verdict), (State.ABORTED, Verdict.FAIL))
        self.assertEqual(self.events[-1], Finished(interrupted=True))
        self.assertIn("1 of 4 tests were run", run.problem)

    def test_a_failure_of_the_last_test_leaves_a_finished_run(self):
        run = self.run_for("MissingATarget", fail_fast=True)
        report = run.execute()
        self.assertEqual((report.state, report.verdict), (State.FINISHED, Verdict.FAIL))
        self.assertEqual(run.problem, "")

    def test_a_child_that_dies_leaves_its_results_and_its_last_words(self):
        run = self.run_for("Dying")
        report = run.execute()
        passed, died = report.results
        self.assertIs(passed.verdict, Verdict.PASS)
        self.assertIs(died.outcome, Outcome.ERROR)
        self.assertIn("ended by signal 9", died.detail)
        self.assertEqual(list(self.temporary.iterdir()), [])
        self.assertIn("its last words", died.detail)
        self.assertEqual(run.problem, died.detail)
        self.assertIs(report.state, State.ABORTED)

    def test_a_child_that_never_gets_to_a_test_says_why(self):
        with mock.patch.dict(os.environ, {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}):
            run = self.run_for("Passing")
            report = run.execute()
        self.assertRegex(run.problem, "(?s)exit code 1 before it was done: .*refused")
        self.assertEqual((report.state, report.results), (State.ABORTED, ()))
        self.assertIs(report.verdict, Verdict.INCONCLUSIVE)

    def test_a_request_to_end_lets_it_clean_up_and_stores_an_aborted_run(self):
        before = signal.getsignal(signal.SIGTERM)
        run = self.run_for("Slow", self.interrupt_when_waiting(signal.SIGTERM))
        report = run.execute()
        self.assertTrue(run.interrupted)
        self.assertIs(report.state, State.ABORTED)
        self.assertEqual([result.row for result in report.results], ["S7", "S8"])
        self.assertTrue((self.marks / "cleaned").exists())
        self.assertEqual(list(self.temporary.iterdir()), [])
        self.assertIs(signal.getsignal(signal.SIGTERM), before)

    def test_a_child_that_does_not_clean_up_is_killed_with_its_processes(self):
        os.environ["PERF_CLEANUP_TIMEOUT_SECONDS"] = "0.5"
        run = self.run_for("Stubborn", self.interrupt_when_waiting(signal.SIGINT))
        report = run.execute()
        self.assertIn("clean-up took too long", run.problem)
        self.assertIs(report.state, State.ABORTED)
        for mark in ("waiting", "process"):
            pid = int((self.marks / mark).read_text())
            wait_until(lambda pid=pid: ended(pid), TIMEOUT_SECONDS, f"the end of {mark}")
        self.assertEqual(list(self.temporary.iterdir()), [])

    def test_a_run_that_takes_too_long_is_stopped(self):
        # Long enough to be measuring by then: an interrupt while it starts may get lost.
        os.environ["PERF_RUN_TIMEOUT_SECONDS"] = "4"
        run = self.run_for("Slow")
        report = run.execute()
        self.assertEqual(run.problem, "The run was stopped after RUN_TIMEOUT_SECONDS, 4 s.")
        self.assertFalse(run.interrupted)
        self.assertIs(report.state, State.ABORTED)


def ended(pid):
    """Whether a process runs no more; a zombie waits only to be asked how it ended."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True

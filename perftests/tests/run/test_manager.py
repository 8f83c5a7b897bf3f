import os
import signal
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import psutil
from django.test import TransactionTestCase, tag

from perftests import store
from perftests.models import PerfRun
from perftests.records.events import Finished, Started, SuiteStarted, TestEnded, TestStarted
from perftests.records.results import Outcome, State
from perftests.records.targets import Verdict
from perftests.run import measuring
from perftests.run.manager import Run
from perftests.run.order import Order
from perftests.runner.selection import select

from .. import samples
from ..sample_reports import ENVIRONMENT
from ..waiting import wait_until

TIMEOUT_SECONDS = 300
END_SECONDS = 30
RUN_SECONDS = 3600


@tag("slow")
class ManagedRunTests(TransactionTestCase):
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
            "PERF_CLEANUP_TIMEOUT_SECONDS": "60",
        }
        self.enterContext(mock.patch.dict(os.environ, environment))
        self.enterContext(mock.patch("tempfile.tempdir", str(self.temporary)))
        # The calibration of the machine takes seconds.
        self.enterContext(mock.patch("perftests.run.context.describe", return_value=ENVIRONMENT))
        self.events = []

    def run_for(self, name, listener=None, *, fail_fast=False):
        tests = [test.id() for test in select([f"perftests.tests.samples.{name}"], [])]
        order = Order(tests, "smoke", "daphne", "a label", {"scale": "smoke"}, fail_fast)
        return Run(order, listener or self.events.append)

    def when_waiting(self, happening):
        """A listener that lets something happen once the child waits."""

        def listener(event):
            if isinstance(event, TestStarted) and event.row in ("S8", "S10"):
                waiting = (self.marks / "waiting").exists
                wait_until(waiting, TIMEOUT_SECONDS, "the child")
                happening()

        return listener

    def interrupt_when_waiting(self, number):
        """A listener that sends a signal to this process, once the child waits."""
        return self.when_waiting(lambda: os.kill(os.getpid(), number))

    def test_a_run_is_stored_with_its_results(self):
        report = self.run_for("Passing").execute()
        run = PerfRun.objects.get()
        self.assertEqual((report.run, report.label, report.state), (run.pk, "a label", "finished"))
        self.assertEqual((report.verdict, run.verdict), (Verdict.PASS, "pass"))
        self.assertEqual(report.results, (self.events[-2].result,))
        self.assertEqual(report.environment, ENVIRONMENT)
        self.assertGreater(report.seconds, 0)

    def test_the_noise_floor_of_a_run_puts_ratios_in_doubt_and_no_counts(self):
        noisy = {**ENVIRONMENT, "noise_floor_percent": 45.0}
        with mock.patch("perftests.run.context.describe", return_value=noisy):
            (result,) = self.run_for("Noisy").execute().results
        ratio, count = result.metrics
        self.assertEqual(ratio.goal_verdict, Verdict.INCONCLUSIVE)
        self.assertIn("noise floor of 45 % is above the effect of 15 %", ratio.undecided)
        self.assertEqual(count.required_verdict, Verdict.PASS)

    def test_a_run_hands_every_event_to_its_listener(self):
        self.run_for("MissingATarget").execute()
        kinds = [type(event) for event in self.events]
        self.assertEqual(kinds, [Started, SuiteStarted, TestStarted, TestEnded, Finished])

    def test_a_run_that_is_to_fail_fast_ends_with_the_first_failure(self):
        run = self.run_for("Failing", fail_fast=True)
        report = run.execute()
        (failed,) = report.results
        self.assertEqual((failed.row, failed.outcome), ("S3", Outcome.FAILED))
        self.assertEqual((report.state, report.verdict), (State.ABORTED, Verdict.FAIL))
        self.assertEqual(self.events[-1], Finished(interrupted=True))
        self.assertIn("1 of 4 tests were run", run.problem)

    def test_a_run_that_is_to_fail_fast_is_finished_when_its_last_test_fails(self):
        run = self.run_for("MissingATarget", fail_fast=True)
        report = run.execute()
        self.assertEqual((report.state, report.verdict), (State.FINISHED, Verdict.FAIL))
        self.assertEqual(run.problem, "")

    def test_a_measuring_process_that_dies_leaves_its_results_and_its_last_words(self):
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

    def test_a_run_that_ends_early_keeps_what_it_was_doing_said_and_used(self):
        report = self.run_for("Dying").execute()
        live = store.told(PerfRun.objects.get(pk=report.run))
        self.assertIn("its last words", live.lines)
        self.assertIn("ended by signal 9", live.ending)
        self.assertEqual((live.tests, live.ended), (2, 2))
        self.assertTrue(live.memory)  # it may be as little as a process has at its beginning

    def test_a_measuring_process_that_never_gets_to_a_test_says_why(self):
        with mock.patch.dict(os.environ, {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}):
            run = self.run_for("Passing")
            report = run.execute()
        self.assertRegex(run.problem, "(?s)exit code 1 before it was done: .*refused")
        self.assertEqual((report.state, report.results), (State.ABORTED, ()))
        self.assertIs(report.verdict, Verdict.INCONCLUSIVE)

    def run_ending(self, how):
        """The run of a sample whose second test ends in an odd way."""
        with mock.patch.dict(os.environ, {"SAMPLE_ENDS": how}):
            run = self.run_for("Ending")
            report = run.execute()
        self.assertEqual(list(self.temporary.iterdir()), [])
        return run, report

    def test_a_planned_test_that_vanishes_is_an_error(self):
        with mock.patch.dict(os.environ, {"SAMPLE_VANISHES": "1"}):
            run = self.run_for("Vanishing")
            report = run.execute()
        passed, vanished = report.results
        self.assertIs(passed.verdict, Verdict.PASS)
        self.assertEqual(
            vanished.test, f"{samples.Vanishing.__module__}.Vanishing.test_2_it_vanishes"
        )
        self.assertEqual((vanished.outcome, report.verdict), (Outcome.ERROR, Verdict.FAIL))
        self.assertIn("ended without a result of it", vanished.detail)
        self.assertEqual((run.missing, self.events[-1]), ([], TestEnded(vanished)))

    def test_a_measuring_process_that_exits_early_with_code_0_aborts_the_run(self):
        run, report = self.run_ending("exit")
        self.assertEqual([r.verdict for r in report.results], [Verdict.PASS, Verdict.FAIL])
        self.assertIn("ended with exit code 0 before it was done", run.problem)
        self.assertIs(report.state, State.ABORTED)
        (missing,) = run.missing
        self.assertIn("test_3_it_passes", missing)

    def test_a_run_whose_measuring_process_closes_its_files_is_no_pass(self):
        run, report = self.run_ending("close")
        self.assertIn("before it was done", run.problem)
        self.assertIsNot(report.verdict, Verdict.PASS)

    def test_a_run_whose_measuring_process_is_interrupted_by_its_own_test_fails(self):
        run, report = self.run_ending("interrupt")
        self.assertIn("before it was done", run.problem)
        self.assertIs(report.verdict, Verdict.FAIL)

    def test_a_fork_that_a_test_lets_run_on_tells_no_result_again(self):
        _, report = self.run_ending("fork")
        names = [result.test.rpartition(".")[2] for result in report.results]
        self.assertEqual(len(names), len(set(names)))

    def test_a_thread_that_a_test_leaves_behind_does_not_hold_up_the_run(self):
        os.environ["PERF_CLEANUP_TIMEOUT_SECONDS"] = "1"
        _, report = self.run_ending("thread")
        self.assertEqual((report.state, report.verdict), (State.FINISHED, Verdict.PASS))
        self.assertLess(report.seconds, samples.LIMIT_SECONDS)

    def test_the_output_of_tests_is_never_taken_for_an_event(self):
        run = self.run_for("Loud")
        report = run.execute()
        self.assertEqual((run.problem, report.verdict), ("", Verdict.PASS))
        self.assertEqual(len(self.events), 5)

    def test_a_run_with_an_event_that_cannot_be_read_is_no_pass(self):
        run = self.run_for("Passing", lambda event: None)
        original = measuring.decode
        with mock.patch.object(measuring, "decode", lambda line: original(line[:-40] + b"\n")):
            report = run.execute()
        self.assertIsNot(report.verdict, Verdict.PASS)
        self.assertEqual(run.missing, run.order.tests)

    def test_a_run_without_room_for_temporary_files_is_aborted_with_the_reason(self):
        with mock.patch("tempfile.tempdir", str(self.directory / "gone")):
            run = self.run_for("Passing")
            report = run.execute()
        self.assertRegex(run.problem, "could not be started: .*No such file or directory: '.*gone")
        self.assertEqual((report.state, report.results), (State.ABORTED, ()))

    def test_a_run_that_is_asked_to_end_cleans_up_and_is_stored_as_aborted(self):
        before = signal.getsignal(signal.SIGTERM)
        run = self.run_for("Slow", self.interrupt_when_waiting(signal.SIGTERM))
        report = run.execute()
        self.assertTrue(run.interrupted)
        self.assertIs(report.state, State.ABORTED)
        self.assertEqual([result.row for result in report.results], ["S7", "S8"])
        self.assertTrue((self.marks / "cleaned").exists())
        self.assertEqual(list(self.temporary.iterdir()), [])
        self.assertIs(signal.getsignal(signal.SIGTERM), before)

    def test_a_measuring_process_that_does_not_clean_up_is_killed_with_its_children(self):
        os.environ["PERF_CLEANUP_TIMEOUT_SECONDS"] = "0.5"
        run = self.run_for("Stubborn", self.interrupt_when_waiting(signal.SIGINT))
        report = run.execute()
        self.assertIn("clean-up took too long", run.problem)
        self.assertIs(report.state, State.ABORTED)
        for mark in ("waiting", "process"):
            pid = int((self.marks / mark).read_text())
            wait_until(lambda pid=pid: ended(pid), END_SECONDS, f"the end of {mark}")
        self.assertEqual(list(self.temporary.iterdir()), [])

    def test_a_run_that_takes_too_long_is_stopped(self):
        # It is measuring by then, however long its start took: an interrupt may get lost there.
        clock = mock.patch("perftests.run.manager.time", SimpleNamespace(monotonic=self.clock))
        self.passed = 0
        os.environ["PERF_RUN_TIMEOUT_SECONDS"] = str(RUN_SECONDS)
        with clock:
            run = self.run_for("Slow", self.when_waiting(self.let_a_run_pass))
            report = run.execute()
        expected = f"The run was stopped after RUN_TIMEOUT_SECONDS, {RUN_SECONDS} s."
        self.assertEqual(run.problem, expected)
        self.assertFalse(run.interrupted)
        self.assertIs(report.state, State.ABORTED)

    def clock(self):
        return time.monotonic() + self.passed

    def let_a_run_pass(self):
        self.passed = RUN_SECONDS


def ended(pid):
    """Whether a process runs no more; a zombie waits only to be asked how it ended."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True

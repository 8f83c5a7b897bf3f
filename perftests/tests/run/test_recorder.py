import threading
from datetime import timedelta
from unittest import mock

from django.db import connection
from django.test import TransactionTestCase, tag
from django.utils import timezone

from perftests import store
from perftests.models import PerfRun
from perftests.records.live import Live
from perftests.records.results import State
from perftests.run.recorder import Recorder

from ..sample_reports import ENVIRONMENT, MISSED, PASSED
from ..waiting import wait_until

PATIENCE_SECONDS = 30


class RecorderTests(TransactionTestCase):
    def setUp(self):
        self.enterContext(mock.patch("perftests.run.recorder.HEARTBEAT_SECONDS", 0.05))
        self.enterContext(mock.patch("perftests.run.recorder.RETRY_SECONDS", 0.05))
        run = store.start("a label", {"scale": "smoke"}, ENVIRONMENT)
        self.live = Live(tests=2)
        self.recorder = Recorder(run, lambda: self.live)
        self.finished = None
        self.addCleanup(self.finish)

    def finish(self):
        if not self.finished:
            self.finished = self.recorder.finish(State.FINISHED, 7.0, PATIENCE_SECONDS)
            self.assertIsNotNone(self.finished, self.recorder.trouble)

    def wait_for(self, condition, what):
        wait_until(condition, PATIENCE_SECONDS, what)

    def test_a_run_that_ends_while_it_is_told_of_is_told_of_once_more(self):
        begun, end_is_known = threading.Event(), threading.Event()

        def live():
            told = self.live
            begun.set()
            end_is_known.wait(PATIENCE_SECONDS)
            return told

        self.recorder._live = live
        self.assertTrue(begun.wait(PATIENCE_SECONDS))
        self.live = Live(ending="SIGINT")
        finishing = threading.Thread(target=self.finish_early)
        finishing.start()
        self.wait_for(lambda: self.recorder._end is not None, "the end")
        end_is_known.set()
        finishing.join(PATIENCE_SECONDS)
        self.assertEqual(self.told().ending, "SIGINT")

    def finish_early(self):
        self.finished = self.recorder.finish(State.ABORTED, 7.0, PATIENCE_SECONDS)

    def test_results_are_stored_while_the_run_goes_on(self):
        self.recorder.add(PASSED)
        run = self.recorder.run
        self.wait_for(run.results.exists, "the result")
        self.assertEqual(PerfRun.objects.get().current_state, State.RUNNING)

    def test_a_finished_run_is_stored_with_all_its_results(self):
        self.recorder.add(PASSED)
        self.recorder.add(MISSED)
        self.finish()
        report = store.load(PerfRun.objects.get())
        self.assertEqual(report.results, (PASSED, MISSED))
        self.assertEqual((report.state, report.seconds), (State.FINISHED, 7.0))
        self.assertEqual(self.finished, report)
        self.assertEqual(self.recorder.trouble, "")

    def test_a_run_that_measures_in_silence_gives_signs_of_life(self):
        PerfRun.objects.update(heard_at=timezone.now() - timedelta(days=1))
        self.wait_for(lambda: not PerfRun.objects.lost().exists(), "a sign of life")

    def test_a_run_that_was_taken_for_dead_is_running_again(self):
        PerfRun.objects.update(state=State.ABORTED)
        self.wait_for(PerfRun.objects.running().exists, "a sign of life")

    def told(self):
        return store.told(self.recorder.run)

    def test_a_run_tells_anew_what_it_is_doing_while_it_goes_on(self):
        self.wait_for(lambda: self.told() == Live(tests=2), "what it does first")
        self.live = Live(tests=2, row="N1")
        self.wait_for(lambda: self.told() == self.live, "what it does then")

    def test_of_a_finished_run_nothing_is_kept_but_its_results(self):
        self.wait_for(self.told, "what it does")
        self.finish()
        self.assertIsNone(self.told())

    def test_a_run_that_ends_early_keeps_the_last_that_was_told(self):
        self.live = Live(tests=2, ending="SIGINT")
        self.finished = self.recorder.finish(State.ABORTED, 7.0, PATIENCE_SECONDS)
        self.assertEqual(self.told(), self.live)

    @tag("slow")
    def test_a_run_that_was_deleted_is_stored_again_with_all_its_results(self):
        self.recorder.add(PASSED)
        self.wait_for(self.recorder.run.results.exists, "the result")
        PerfRun.objects.all().delete()
        self.recorder.add(MISSED)
        self.finish()
        report = store.load(PerfRun.objects.get())
        self.assertEqual((report.run, report.label), (self.recorder.run.pk, "a label"))
        self.assertEqual(report.results, (PASSED, MISSED))
        self.assertEqual(self.recorder.trouble, "the run was deleted")

    @tag("slow")
    def test_a_run_that_is_deleted_while_a_result_is_written_is_told_as_deleted(self):
        def add(run, result):
            if deletions:
                deletions.pop()()
            stored_by(run, result)

        stored_by, deletions = store.add, [PerfRun.objects.all().delete]
        with mock.patch.object(store, "add", add):
            self.recorder.add(PASSED)
            self.finish()
        self.assertEqual(store.load(PerfRun.objects.get()).results, (PASSED,))
        self.assertEqual(self.recorder.trouble, "the run was deleted")

    @tag("slow")
    def test_a_result_that_the_database_refused_for_a_while_is_stored_once(self):
        table = PerfRun._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} RENAME TO away")
        self.recorder.add(PASSED)
        self.wait_for(lambda: self.recorder.trouble, "the failure")
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE away RENAME TO {table}")
        self.finish()
        self.assertEqual(store.load(PerfRun.objects.get()).results, (PASSED,))

    def test_results_that_cannot_be_stored_still_make_a_report(self):
        self.recorder.add(PASSED)
        report = self.recorder.unstored_report(State.ABORTED, 3.0)
        self.assertEqual((report.run, report.results), (None, (PASSED,)))
        self.assertEqual((report.label, report.environment), ("a label", ENVIRONMENT))

import sys
from datetime import timedelta
from unittest import mock

from django.db import connection
from django.db.models.signals import post_delete
from django.test import TransactionTestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from perftests import pruning, store
from perftests.models import SILENCE_LIMIT, PerfAlert, PerfMetric, PerfResult, PerfRun
from perftests.pruning import prunable, prune
from perftests.records.results import State

from ..sample_reports import MISSED, PASSED


def _listen(**_):
    pass


class PruningTests(TransactionTestCase):
    def make_run(self, days_old, *results, state=State.FINISHED, **fields):
        run = store.start("nightly", {"scale": "smoke"}, {})
        for result in results:
            store.add(run, result)
        begun = timezone.now() - timedelta(days=days_old)
        PerfRun.objects.filter(pk=run.pk).update(started_at=begun, state=state, **fields)
        return run.pk

    def test_the_newest_runs_stay_and_the_oldest_goes_first(self):
        newest, oldest, middle = self.make_run(1), self.make_run(3), self.make_run(2)
        self.assertEqual(prunable(keep=1, older_than=0), [oldest, middle])
        self.assertEqual(prunable(keep=0, older_than=0), [oldest, middle, newest])
        self.assertEqual(prunable(keep=3, older_than=0), [])

    def test_runs_of_the_last_days_stay(self):
        self.make_run(1.9)
        old = self.make_run(2.1)
        self.assertEqual(prunable(keep=0, older_than=2), [old])

    def test_a_run_is_deleted_only_where_both_limits_allow_it(self):
        for days in (1, 2, 3, 4):
            self.make_run(days)
        self.assertEqual(len(prunable(keep=3, older_than=1.5)), 1)
        self.assertEqual(len(prunable(keep=1, older_than=3.5)), 1)

    def test_limits_of_any_size_are_taken(self):
        self.make_run(1)
        self.assertEqual(prunable(keep=sys.maxsize + 1, older_than=0), [])
        self.assertEqual(prunable(keep=0, older_than=float("inf")), [])

    def test_pinned_runs_stay_and_are_none_of_the_newest_that_are_kept(self):
        oldest, old = self.make_run(3), self.make_run(2)
        self.make_run(1, pinned=True)
        self.assertEqual(prunable(keep=1, older_than=0), [oldest])
        self.assertEqual(prunable(keep=0, older_than=0), [oldest, old])

    def test_running_runs_stay_and_those_whose_process_died_do_not(self):
        self.make_run(1, state=State.RUNNING)
        silent_since = timezone.now() - SILENCE_LIMIT - timedelta(seconds=1)
        lost = self.make_run(1, state=State.RUNNING, heard_at=silent_since)
        self.assertEqual(prunable(keep=0, older_than=0), [lost])

    def test_a_run_goes_with_its_results_and_metrics_and_no_other(self):
        kept = self.make_run(1, PASSED)
        gone = self.make_run(2, PASSED, MISSED)
        self.assertEqual(prune([gone]), 1)
        self.assertEqual(PerfRun.objects.get().pk, kept)
        self.assertEqual(store.load(PerfRun.objects.get()).results, (PASSED,))
        self.assertEqual((PerfResult.objects.count(), PerfMetric.objects.count()), (1, 2))

    def test_an_alert_that_is_over_and_told_goes_with_the_run_that_has_shown_so(self):
        kept, gone = self.make_run(1), self.make_run(2)
        told = {"told": True, "told_over": True}
        alerts = [
            PerfAlert(digest="open", cause={}, opened_by=gone, told=True),
            PerfAlert(digest="untold", cause={}, opened_by=gone, closed_by=gone, told=True),
            PerfAlert(digest="recent", cause={}, opened_by=gone, closed_by=kept, **told),
            PerfAlert(digest="over", cause={}, opened_by=gone, closed_by=gone, **told),
        ]
        PerfAlert.objects.bulk_create(alerts)
        prune([gone])
        left = set(PerfAlert.objects.values_list("digest", flat=True))
        self.assertEqual(left, {"open", "untold", "recent"})

    def test_runs_that_were_pinned_or_deleted_meanwhile_are_left_alone(self):
        runs = [self.make_run(days) for days in (3, 2, 1)]
        PerfRun.objects.filter(pk=runs[0]).update(pinned=True)
        PerfRun.objects.filter(pk=runs[1]).delete()
        self.assertEqual(prune(runs), 1)
        self.assertEqual(PerfRun.objects.get().pk, runs[0])

    def test_old_runs_are_deleted_in_batches_of_sql_that_read_none_of_their_rows(self):
        runs = [self.make_run(1, PASSED, MISSED) for _ in range(5)]
        post_delete.connect(_listen)  # for which `delete` would load each row
        self.addCleanup(post_delete.disconnect, _listen)
        with (
            mock.patch.object(pruning, "RUNS_AT_ONCE", 2),
            CaptureQueriesContext(connection) as queries,
        ):
            self.assertEqual(prune(runs), 5)
        statements = [query["sql"].split()[0] for query in queries]
        self.assertEqual(statements.count("DELETE"), 3 * 5 + 1)
        self.assertEqual(statements.count("SELECT"), 3)
        self.assertEqual(PerfMetric.objects.count(), 0)

    def test_an_interrupted_pruning_leaves_no_run_by_halves(self):
        runs = [self.make_run(1, PASSED), self.make_run(1, PASSED)]
        with (
            mock.patch.object(pruning, "RUNS_AT_ONCE", 1),
            mock.patch.object(pruning, "_delete_rows", self.interrupted_in_the_second_batch()),
            self.assertRaises(KeyboardInterrupt),
        ):
            prune(runs)
        self.assertEqual(store.load(PerfRun.objects.get()).results, (PASSED,))

    def interrupted_in_the_second_batch(self):
        really, calls = pruning._delete_rows, []

        def delete_rows(rows):
            calls.append(rows)
            if len(calls) == 7:
                raise KeyboardInterrupt
            return really(rows)

        return delete_rows

from unittest import mock

from django.test import TestCase
from django.utils import timezone

from perftests import store
from perftests.models import SILENCE_LIMIT, PerfAlert, PerfRun
from perftests.records.causes import Kind
from perftests.records.results import Outcome, State
from perftests.records.targets import Metric
from perftests.watch import judging
from perftests.watch.judging import cause_of, judge, waiting

from ..compare.test_reporting import QUERY, reported
from .samples import FEW, MANY, QUICK, SLOW, result_of, watched


def judged(*results, **options):
    run = watched(*results, **options)
    judge(run)
    return run


def alerts():
    """Kind and name of each alert, and by which runs it was opened and closed; oldest first."""
    return [
        (cause_of(alert).key.kind, cause_of(alert).key.name, alert.opened_by, alert.closed_by)
        for alert in PerfAlert.objects.order_by("pk")
    ]


class JudgingTests(TestCase):
    def test_a_missed_target_opens_an_alert_and_a_kept_one_closes_it(self):
        judged(result_of(QUICK))
        bad, _still, good = (judged(result_of(metric)) for metric in (SLOW, SLOW, QUICK))
        self.assertEqual(alerts(), [(Kind.MISSED, "p99", bad.pk, good.pk)])

    def test_a_cause_that_comes_again_after_it_was_over_is_a_new_alert(self):
        runs = [judged(result_of(metric)) for metric in (SLOW, QUICK, SLOW)]
        self.assertEqual(
            alerts(),
            [(Kind.MISSED, "p99", runs[0].pk, runs[1].pk), (Kind.MISSED, "p99", runs[2].pk, None)],
        )

    def test_a_run_without_the_test_leaves_its_alerts_open(self):
        bad = judged(result_of(SLOW))
        judged(result_of(QUICK, test="suites.Tests.test_other"))
        self.assertEqual(alerts(), [(Kind.MISSED, "p99", bad.pk, None)])

    def test_a_run_at_another_scale_or_server_leaves_them_open(self):
        bad = judged(result_of(SLOW))
        judged(result_of(QUICK), scale="standard")
        judged(result_of(QUICK), server="uvicorn")
        self.assertEqual(alerts(), [(Kind.MISSED, "p99", bad.pk, None)])

    def test_a_run_is_judged_once_however_often_it_is_asked_for(self):
        run = judged(result_of(SLOW))
        PerfAlert.objects.all().delete()
        judge(PerfRun.objects.get(pk=run.pk))
        self.assertEqual(alerts(), [])

    def test_a_second_watch_that_has_found_the_same_meanwhile_adds_no_alert(self):
        one, other = watched(result_of(SLOW)), watched(result_of(SLOW))
        known = PerfAlert.objects.none()

        def while_one_is_judged(run, _known):
            judge(one) if run == other else None
            return found(run, _known)

        found = judging.findings
        with (
            mock.patch.object(judging, "findings", while_one_is_judged),
            mock.patch.object(judging.PerfAlert.objects, "open", return_value=known),
        ):
            judge(other)
        self.assertEqual(alerts(), [(Kind.MISSED, "p99", one.pk, None)])

    def test_more_queries_than_in_the_run_before_are_a_regression_until_they_are_fewer(self):
        runs = [judged(result_of(metric)) for metric in (FEW, FEW, FEW, MANY, MANY, FEW)]
        self.assertEqual(alerts(), [(Kind.REGRESSION, "queries", runs[3].pk, runs[5].pk)])

    def test_a_count_that_moves_by_itself_is_no_regression(self):
        for number in (3, 5, 4, 6, 3, 7):
            judged(result_of(Metric("sent twice", number, "deliveries", "lower")))
        self.assertEqual(alerts(), [])

    def test_a_pinned_run_is_the_baseline_so_a_new_one_ends_what_it_accepts(self):
        for _ in range(3):
            judged(result_of(FEW))
        bad = judged(result_of(MANY))
        judged(result_of(MANY))
        self.assertEqual(alerts(), [(Kind.REGRESSION, "queries", bad.pk, None)])
        store.pin([bad])
        end = judged(result_of(MANY))
        self.assertEqual(alerts(), [(Kind.REGRESSION, "queries", bad.pk, end.pk)])

    def test_three_runs_at_a_slower_level_are_a_step(self):
        values = [10.0, 10.0, 10.0, 13.0, 13.0, 13.0, 13.0]
        runs = [judged(result_of(Metric("p50", value, "ms", "lower"))) for value in values]
        self.assertEqual(alerts(), [(Kind.STEP, "p50", runs[5].pk, None)])
        self.assertEqual(cause_of(PerfAlert.objects.get()).key.since, runs[3].pk)

    def test_a_step_that_began_as_a_missed_target_is_told_as_that_alone(self):
        runs = [judged(result_of(metric)) for metric in [QUICK] * 3 + [SLOW] * 6]
        self.assertEqual(alerts(), [(Kind.MISSED, "p99", runs[3].pk, None)])

    def test_a_comparison_with_a_version_is_judged_by_its_pairs(self):
        run = store.keep(reported(push=1.2, counted=[QUERY]), to_judge=True)
        judge(run)
        self.assertEqual(
            alerts(),
            [(Kind.REGRESSION, name, run.pk, None) for name in ("push", "notify, statements")],
        )


class WaitingTests(TestCase):
    def test_runs_that_nobody_watches_wait_for_no_judgement(self):
        run = store.start("by hand", {}, {})
        store.finish(run, State.FINISHED, 1.0)
        self.assertFalse(waiting().exists())

    def test_a_run_that_goes_on_waits_until_it_has_ended_or_is_silent(self):
        run = watched(result_of(SLOW), state=State.RUNNING)
        self.assertFalse(waiting().exists())
        PerfRun.objects.update(heard_at=timezone.now() - 2 * SILENCE_LIMIT)
        self.assertEqual(list(waiting()), [run])

    def test_an_aborted_run_tells_of_its_tests_but_for_the_one_that_it_left(self):
        left = result_of(test="s.T.left", outcome=Outcome.SKIPPED, detail="Interrupted")
        judged(result_of(SLOW), left, state=State.ABORTED)
        self.assertEqual([kind for kind, *_ in alerts()], [Kind.MISSED])

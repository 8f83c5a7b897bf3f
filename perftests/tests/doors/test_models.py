from datetime import timedelta

from django.db import connection
from django.test import TransactionTestCase
from django.utils import timezone

from perftests.models import SILENCE_LIMIT, PerfMetric, PerfResult, PerfRun
from perftests.models.runs import LONGEST_NAME
from perftests.records.results import FORMAT_VERSION, Outcome, State
from perftests.records.targets import Verdict


class PerfRunTests(TransactionTestCase):
    def test_runs_are_found_by_their_state(self):
        runs = {state: PerfRun.objects.create(state=state) for state in State}
        self.assertEqual(PerfRun.objects.running().get(), runs[State.RUNNING])
        self.assertEqual(PerfRun.objects.finished().get(), runs[State.FINISHED])
        self.assertEqual(PerfRun.objects.aborted().get(), runs[State.ABORTED])

    def test_the_newest_run_comes_first(self):
        now = timezone.now()
        old = PerfRun.objects.create(started_at=now - timedelta(days=1))
        new = PerfRun.objects.create(started_at=now)
        self.assertEqual(list(PerfRun.objects.all()), [new, old])

    def test_a_running_run_that_fell_silent_counts_as_aborted(self):
        live = PerfRun.objects.create()
        silent_since = timezone.now() - SILENCE_LIMIT - timedelta(seconds=1)
        lost = PerfRun.objects.create(heard_at=silent_since)
        finished = PerfRun.objects.create(heard_at=silent_since, state=State.FINISHED)
        self.assertEqual(list(PerfRun.objects.lost()), [lost])
        states = [run.current_state for run in (live, lost, finished)]
        self.assertEqual(states, [State.RUNNING, State.ABORTED, State.FINISHED])

    def test_a_run_carries_the_version_of_the_format(self):
        self.assertEqual(PerfRun.objects.create().format_version, FORMAT_VERSION)

    def test_a_run_is_named_by_number_and_label(self):
        run = PerfRun(pk=7, label="before the upgrade")
        self.assertEqual(str(run), "Run 7: before the upgrade")
        self.assertEqual(str(PerfRun(pk=8)), "Run 8")

    def test_a_run_is_named_in_a_line_by_a_label_that_is_a_whole_message(self):
        run = PerfRun(pk=7, label="Merge it\n\n" + "with all its reasons " * 5_000)
        self.assertTrue(str(run).startswith("Run 7: Merge it with all its"))
        self.assertEqual(len(str(run)), len("Run 7: ") + LONGEST_NAME)
        self.assertEqual(str(PerfRun(pk=8, label="\n")), "Run 8")

    def test_the_choices_of_states_verdicts_and_outcomes_are_those_of_the_records(self):
        for model, field, enum in (
            (PerfRun, "state", State),
            (PerfRun, "verdict", Verdict),
            (PerfResult, "outcome", Outcome),
            (PerfResult, "verdict", Verdict),
            (PerfMetric, "required_verdict", Verdict),
            (PerfMetric, "goal_verdict", Verdict),
        ):
            values = [value for value, _ in model._meta.get_field(field).choices]
            self.assertEqual(values, list(enum))

    def test_the_trend_of_a_metric_is_read_through_the_indexes(self):
        if connection.vendor == "postgresql":  # it scans an empty table, unless told not to
            with connection.cursor() as cursor:
                cursor.execute("SET enable_seqscan = off")
                self.addCleanup(connection.close)
        trend = PerfMetric.objects.filter(name="p99", result__test="a.b").order_by("result__run")
        self.assertRegex(trend.explain(), "perf_(metric|result)_trend")
        self.assertNotIn("SCAN", trend.explain())

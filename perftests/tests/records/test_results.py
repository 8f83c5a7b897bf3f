from dataclasses import replace

from django.test import SimpleTestCase

from perftests.measure.series import Series
from perftests.records.results import Outcome, Report, Result, State
from perftests.records.targets import Metric, Target, Verdict

KEPT = Metric("rate", 200, "/s", "higher", Target(">", 100), Target(">", 1000))
MISSED = Metric("mean", 120, "ms", "lower", Target("<", 100))
DOUBTFUL = Metric("p99", None, "ms", "lower", Target("<", 50), doubt="20 samples")

RESULT = Result(
    test="suite.Case.test_rate",
    suite="notification",
    row="N1",
    title="Rate",
    outcome=Outcome.COMPLETED,
    seconds=1.5,
    metrics=(KEPT,),
    series=(Series("server cpu", "%", (0.0, 0.1), (10.0, 12.5)),),
    histograms={"latency": "HIST"},
    notes=("10 users",),
)


def report(*results, state=State.FINISHED):
    return Report(3, "nightly", state, "2025-01-01T00:00:00+00:00", 9.0, {}, {}, results)


class ResultTests(SimpleTestCase):
    def test_only_required_targets_decide_the_verdict_of_a_test(self):
        self.assertIs(RESULT.verdict, Verdict.PASS)
        self.assertIs(replace(RESULT, metrics=(KEPT, DOUBTFUL)).verdict, Verdict.INCONCLUSIVE)
        self.assertIs(replace(RESULT, metrics=(KEPT, DOUBTFUL, MISSED)).verdict, Verdict.FAIL)

    def test_a_test_that_failed_fails_whatever_its_numbers_are(self):
        for outcome in (Outcome.FAILED, Outcome.ERROR):
            with self.subTest(outcome):
                self.assertIs(replace(RESULT, outcome=outcome).verdict, Verdict.FAIL)

    def test_a_skipped_test_is_inconclusive(self):
        self.assertIs(replace(RESULT, outcome=Outcome.SKIPPED).verdict, Verdict.INCONCLUSIVE)

    def test_a_missed_target_fails_a_test_that_was_skipped_afterwards(self):
        skipped = replace(RESULT, outcome=Outcome.SKIPPED, metrics=(KEPT, MISSED))
        self.assertIs(skipped.verdict, Verdict.FAIL)
        self.assertFalse(skipped.skipped)

    def test_a_test_without_a_single_value_is_inconclusive(self):
        nothing = Metric("rate", None, "/s", doubt="nothing came")
        for metrics in ((), (nothing,)):
            with self.subTest(metrics):
                self.assertIs(replace(RESULT, metrics=metrics).verdict, Verdict.INCONCLUSIVE)


class ReportTests(SimpleTestCase):
    missed = replace(RESULT, metrics=(MISSED,))
    skipped = replace(RESULT, outcome=Outcome.SKIPPED, metrics=())

    def test_the_verdict_of_a_report_is_the_worst_of_its_results(self):
        self.assertIs(report(RESULT).verdict, Verdict.PASS)
        self.assertIs(report(RESULT, self.missed).verdict, Verdict.FAIL)

    def test_a_skipped_test_does_not_change_the_verdict_of_a_report(self):
        self.assertIs(report(RESULT, self.skipped).verdict, Verdict.PASS)

    def test_a_target_missed_before_a_skip_fails_the_run(self):
        missed = replace(self.missed, outcome=Outcome.SKIPPED)
        self.assertIs(report(RESULT, missed).verdict, Verdict.FAIL)

    def test_a_report_is_inconclusive_when_nothing_ran(self):
        self.assertIs(report().verdict, Verdict.INCONCLUSIVE)
        self.assertIs(report(self.skipped).verdict, Verdict.INCONCLUSIVE)

    def test_the_report_of_an_aborted_run_cannot_pass_and_can_fail(self):
        self.assertIs(report(RESULT, state=State.ABORTED).verdict, Verdict.INCONCLUSIVE)
        self.assertIs(report(self.missed, state=State.ABORTED).verdict, Verdict.FAIL)

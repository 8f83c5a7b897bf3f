import json
from dataclasses import replace

from django.test import SimpleTestCase

from perftests.measure.results import Outcome, Report, Result, Series, State
from perftests.measure.targets import Metric, Target, Verdict

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
    def test_only_asked_targets_decide(self):
        self.assertIs(RESULT.verdict, Verdict.PASS)
        self.assertIs(replace(RESULT, metrics=(KEPT, DOUBTFUL)).verdict, Verdict.INCONCLUSIVE)
        self.assertIs(replace(RESULT, metrics=(KEPT, DOUBTFUL, MISSED)).verdict, Verdict.FAIL)

    def test_a_test_that_failed_fails_whatever_its_numbers_are(self):
        for outcome in (Outcome.FAILED, Outcome.ERROR):
            with self.subTest(outcome):
                self.assertIs(replace(RESULT, outcome=outcome).verdict, Verdict.FAIL)

    def test_a_skip_is_inconclusive(self):
        self.assertIs(replace(RESULT, outcome=Outcome.SKIPPED).verdict, Verdict.INCONCLUSIVE)

    def test_it_survives_json(self):
        self.assertEqual(Result.from_dict(json.loads(json.dumps(RESULT.as_dict()))), RESULT)


class ReportTests(SimpleTestCase):
    missed = replace(RESULT, metrics=(MISSED,))
    skipped = replace(RESULT, outcome=Outcome.SKIPPED, metrics=())

    def test_its_verdict_is_the_worst_of_its_results(self):
        self.assertIs(report(RESULT).verdict, Verdict.PASS)
        self.assertIs(report(RESULT, self.missed).verdict, Verdict.FAIL)

    def test_a_skipped_test_takes_nothing_from_the_others(self):
        self.assertIs(report(RESULT, self.skipped).verdict, Verdict.PASS)

    def test_it_is_inconclusive_when_nothing_ran(self):
        self.assertIs(report().verdict, Verdict.INCONCLUSIVE)
        self.assertIs(report(self.skipped).verdict, Verdict.INCONCLUSIVE)

    def test_one_cut_short_cannot_pass_and_can_fail(self):
        self.assertIs(report(RESULT, state=State.ABORTED).verdict, Verdict.INCONCLUSIVE)
        self.assertIs(report(self.missed, state=State.ABORTED).verdict, Verdict.FAIL)

    def test_its_plain_form_is_json_with_a_format_version(self):
        plain = json.loads(json.dumps(report(RESULT).as_dict()))
        self.assertEqual(plain["format_version"], 1)
        self.assertEqual(plain["verdict"], "pass")
        self.assertEqual(plain["results"], [json.loads(json.dumps(RESULT.as_dict()))])

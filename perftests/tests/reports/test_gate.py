from django.test import SimpleTestCase

from perftests.records.results import State
from perftests.reports.gate import is_shut

from ..sample_reports import MISSED, PASSED, report


class GateTests(SimpleTestCase):
    def test_a_missed_goal_shuts_the_gate_of_goals_alone(self):
        missed_a_goal = report(PASSED)
        self.assertTrue(is_shut("goal", missed_a_goal))
        self.assertFalse(is_shut("required", missed_a_goal))

    def test_a_missed_required_target_shuts_every_gate_but_never(self):
        failed = report(MISSED)
        shut = [gate for gate in ("required", "goal", "regression") if is_shut(gate, failed)]
        self.assertEqual(shut, ["required", "goal", "regression"])
        self.assertFalse(is_shut("never", failed))

    def test_a_run_in_doubt_shuts_the_gate_of_what_is_required(self):
        self.assertTrue(is_shut("required", report(PASSED, state=State.ABORTED)))

    def test_a_comparison_that_cannot_tell_is_no_regression(self):
        self.assertFalse(is_shut("regression", report(PASSED, state=State.ABORTED)))

from django.test import SimpleTestCase

from perftests.records.causes import Kind
from perftests.records.results import Outcome
from perftests.records.targets import Metric, Target
from perftests.records.workload import Chosen
from perftests.watch.missed import missed

from ..sample_reports import report
from .samples import QUICK, SLOW, TEST, result_of


def look(result):
    """Whether each name is wrong, as far as it was measured; the test itself has none."""
    found = missed(report(result), "here")
    return {key.name: key in found.found for key in found.measured}


class MissedTests(SimpleTestCase):
    def test_a_required_target_that_is_missed_is_a_cause_with_its_value(self):
        [cause] = missed(report(result_of(SLOW)), "here").found.values()
        self.assertEqual(
            (cause.key.kind, cause.key.place, cause.key.test), (Kind.MISSED, "here", TEST)
        )
        self.assertEqual((cause.row, cause.metric), ("N1", SLOW))

    def test_a_required_target_that_is_kept_was_measured(self):
        self.assertEqual(look(result_of(QUICK)), {"": False, "p99": False})

    def test_a_doubt_and_a_goal_say_nothing(self):
        doubted = Metric("rate", 1.0, "/s", required=Target(">", 5), doubt="busy")
        goal = Metric("share", 1.0, "%", goal=Target(">", 5))
        self.assertEqual(look(result_of(doubted, goal)), {"": False})

    def test_a_test_that_fails_or_breaks_is_a_cause_whatever_it_has_measured(self):
        for outcome in (Outcome.FAILED, Outcome.ERROR):
            with self.subTest(outcome):
                self.assertEqual(look(result_of(QUICK, outcome=outcome)), {"": True, "p99": False})

    def test_a_test_that_is_skipped_says_nothing_but_what_it_has_missed_before(self):
        self.assertEqual(look(result_of(SLOW, outcome=Outcome.SKIPPED)), {"p99": True})
        self.assertEqual(look(result_of(outcome=Outcome.SKIPPED)), {})

    def test_a_metric_at_another_size_is_another_cause(self):
        sizes = [(Chosen("sockets", size, 100),) for size in (100, 500)]
        keys = [
            next(iter(missed(report(result_of(SLOW, workload=size)), "here").found))
            for size in sizes
        ]
        self.assertNotEqual(*keys)

    def test_a_test_that_failed_before_it_had_a_workload_is_well_again_with_one(self):
        broken = missed(report(result_of(outcome=Outcome.ERROR)), "here")
        size = (Chosen("sockets", 100, 100),)
        well = missed(report(result_of(QUICK, workload=size)), "here")
        self.assertLessEqual(set(broken.found), well.measured - set(well.found))

from dataclasses import replace

from django.test import SimpleTestCase

from perftests.compare.differences import Difference
from perftests.records.results import Outcome
from perftests.watch.findings import news
from perftests.watch.pairs import pairs

from ..compare.test_reporting import QUERY, reported

SAME = 0.993
FEWER = Difference("notify", "statements", 4, 3, ())
INSTRUCTIONS = Difference("notify", "instructions", 1000, 2000, ())


def look(report, known=None):
    return pairs(report, "here", "main", known or {})


def names(report):
    return [key.name for key in look(report).found]


def over(known, report):
    return [cause.key.name for cause in news(known, look(report, known)).over]


class PairsTests(SimpleTestCase):
    def test_a_metric_that_is_slower_than_in_the_other_version_is_a_cause_with_its_ratio(self):
        [cause] = look(reported(push=1.2)).found.values()
        self.assertEqual((cause.key.name, cause.against), ("push", "main"))
        self.assertAlmostEqual(cause.metric.value, 1.2, delta=0.02)

    def test_a_metric_as_fast_or_faster_is_no_cause_and_an_unclear_one_was_not_measured(
        self,
    ):
        for push, found in ((0.8, "faster"), (SAME, "same")):
            report = reported(push=push)
            self.assertEqual(report.results[0].notes, (f"push: {found}, 14 pairs",))
            self.assertEqual((names(report), len(look(report).measured)), ([], 1))
        ratios, counted = reported().results
        unclear = replace(ratios, notes=("push: can't tell, 14 pairs",))
        self.assertEqual(look(replace(reported(), results=(unclear, counted))).measured, set())

    def test_more_of_what_is_counted_is_a_cause_and_fewer_is_none(self):
        self.assertEqual(names(reported(push=SAME, counted=[QUERY])), ["notify, statements"])
        self.assertEqual(names(reported(push=SAME, counted=[FEWER])), [])

    def test_a_count_that_differs_no_more_is_over(self):
        known = look(reported(push=SAME, counted=[QUERY])).found
        self.assertEqual(over(known, reported(push=SAME)), ["notify, statements"])

    def test_instructions_are_not_over_where_they_are_not_counted(self):
        known = look(reported(push=SAME, counted=[INSTRUCTIONS])).found
        self.assertEqual(over(known, reported(push=SAME, uncounted="no counter")), [])
        self.assertEqual(over(known, reported(push=SAME)), ["notify, instructions"])

    def test_counts_that_broke_end_nothing(self):
        known = look(reported(push=SAME, counted=[QUERY])).found
        report = reported(push=SAME)
        ratios, counted = report.results
        broken = replace(report, results=(ratios, replace(counted, outcome=Outcome.ERROR)))
        self.assertEqual(over(known, broken), [])

    def test_another_version_is_compared_with_by_itself(self):
        known = pairs(reported(counted=[QUERY]), "here, against v1", "v1", {}).found
        other = pairs(reported(), "here, against v2", "v2", known)
        self.assertEqual(news(known, other).over, [])

from django.test import SimpleTestCase

from perftests.records.causes import Cause, Key, Kind
from perftests.records.targets import Metric, Target
from perftests.reports.side_by_side.comparison import compare
from perftests.watch.worse import is_worse, steady, worse

from ..sample_reports import report
from .samples import FEW, MANY, TEST, result_of
from .test_steps import trend

STEADY = {(TEST, "queries")}


def ratio(value, spread=0.01, better="lower"):
    return Metric("ours ÷ theirs", value, "×", better, low=value - spread, high=value + spread)


class WorseTests(SimpleTestCase):
    def test_a_count_is_worse_by_one(self):
        self.assertIs(is_worse(FEW, MANY), True)
        self.assertIs(is_worse(MANY, FEW), False)
        self.assertIs(is_worse(FEW, FEW), False)

    def test_a_count_of_which_more_is_better_is_worse_the_other_way(self):
        few, many = (Metric("delivered", number, "messages", "higher") for number in (3, 4))
        self.assertIs(is_worse(many, few), True)
        self.assertIs(is_worse(few, many), False)

    def test_a_count_that_has_to_be_exact_is_worse_if_it_is_another(self):
        three, four = (Metric("frames", number, "frames", "exact") for number in (3, 4))
        self.assertIs(is_worse(three, four), True)
        self.assertIs(is_worse(four, three), True)
        self.assertIs(is_worse(three, three), False)

    def test_a_number_with_an_interval_is_worse_where_all_of_it_is_beyond_the_noise(self):
        self.assertIs(is_worse(ratio(1.0), ratio(1.3)), True)
        self.assertIs(is_worse(ratio(1.3), ratio(1.0)), False)
        self.assertIs(is_worse(ratio(1.3, better="higher"), ratio(1.0, better="higher")), True)
        self.assertIs(is_worse(ratio(1.0), ratio(1.1)), False)
        self.assertIs(is_worse(ratio(1.0), ratio(1.3, spread=0.25)), False)

    def test_nobody_can_tell_of_a_time_alone_a_doubt_another_unit_or_no_better_direction(self):
        seconds = Metric("queries", 3.0, "s", "lower")
        for name, before, now in (
            ("a time", Metric("p99", 10.0, "ms", "lower"), Metric("p99", 13.0, "ms", "lower")),
            ("a doubt", FEW, Metric("queries", 4.0, "queries", "lower", doubt="busy")),
            ("nothing", FEW, Metric("queries", None, "queries", "lower", doubt="died")),
            ("a unit", FEW, seconds),
            ("a direction", Metric("users", 3, "users"), Metric("users", 4, "users")),
            ("a ratio without", ratio(1.0, better=""), ratio(1.3, better="")),
        ):
            with self.subTest(name):
                self.assertIsNone(is_worse(before, now))

    def test_a_metric_that_misses_its_required_target_is_told_as_that_and_not_twice(self):
        lost = Metric("lost", 3, "messages", "exact", Target("==", 0))
        self.assertIsNone(is_worse(Metric("lost", 0, "messages", "exact", Target("==", 0)), lost))


class SteadyTests(SimpleTestCase):
    def test_a_count_is_steady_that_was_the_same_in_three_runs_before_the_newest(self):
        self.assertEqual(steady([trend([1, 3, 3, 3, 4])]), {("s.T.t", "p99")})

    def test_a_count_that_moved_or_was_seldom_measured_is_not(self):
        for values in ([3, 2, 3, 4], [3, 3, 4], [4], [3, 3, 3]):
            with self.subTest(values):
                self.assertEqual(steady([trend(values)]), set())


class WorseRunTests(SimpleTestCase):
    key = Key(Kind.REGRESSION, "here", "", TEST, "queries")

    def look(self, before, now, known=None, *, steady=STEADY, pinned=False):
        reports = [report(result_of(metric)) for metric in (before, now)]
        comparison, results = compare(reports), reports[1].results
        options = {"steady": steady, "pinned": pinned}
        found = worse(comparison, results, "here", known or {}, **options)
        return self.key in found.found if self.key in found.measured else None

    def known(self, before):
        return {self.key: Cause(self.key, "N1", MANY, before)}

    def test_a_run_is_compared_with_the_one_before_it(self):
        self.assertIs(self.look(FEW, MANY), True)
        self.assertIs(self.look(FEW, FEW), False)

    def test_a_count_that_was_not_the_same_in_the_runs_before_tells_nothing(self):
        self.assertIsNone(self.look(FEW, MANY, steady=()))
        self.assertIs(self.look(FEW, MANY, self.known(FEW), steady=()), True)

    def test_a_run_that_is_as_bad_as_the_one_before_it_does_not_end_what_is_known(self):
        self.assertIs(self.look(MANY, MANY, self.known(FEW)), True)
        self.assertIs(self.look(MANY, FEW, self.known(FEW)), False)

    def test_a_pinned_run_is_what_also_the_known_is_compared_with(self):
        self.assertIs(self.look(MANY, MANY, self.known(FEW), pinned=True), False)

    def test_without_any_earlier_run_what_is_known_is_compared_with_what_it_was(self):
        for metric, wrong in ((MANY, True), (FEW, False)):
            results = report(result_of(metric)).results
            found = worse(None, results, "here", self.known(FEW), steady=(), pinned=False)
            self.assertIs(self.key in found.found, wrong)
            self.assertIn(self.key, found.measured)

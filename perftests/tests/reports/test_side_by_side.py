from dataclasses import replace
from io import StringIO

from django.test import SimpleTestCase
from rich.console import Console

from perftests.records.results import Outcome
from perftests.records.targets import Metric, Target
from perftests.records.workload import Chosen
from perftests.reports.side_by_side.changes import Change, is_counted
from perftests.reports.side_by_side.comparison import LeftOut, compare
from perftests.reports.side_by_side.printing import SHOWN_CHANGES, caution, print_comparison

from ..sample_reports import ENVIRONMENT, MISSED, PASSED, report

VERDICT_WORDS = ("slower", "faster", "better", "worse", "regress")


def of(*metrics, **fields):
    return replace(PASSED, metrics=metrics, **fields)


def run(number, *results, **environment):
    return replace(
        report(*results, run=number, label=""), environment={**ENVIRONMENT, **environment}
    )


def ms(name, value, **fields):
    return Metric(name, value, "ms", "lower", **fields)


def statements(value):
    return Metric("connect", value, "statements", "exact", Target("==", 3))


def printed(*reports, detail=False, width=80):
    output = StringIO()
    print_comparison(compare(reports), Console(file=output, width=width), detail=detail)
    return output.getvalue()


class ChangeTests(SimpleTestCase):
    def change(self, *values, counted=False):
        return Change("N1", "x", "ms", values, (None,) * len(values), counted)

    def test_half_is_as_far_as_twice(self):
        self.assertAlmostEqual(self.change(2.0, 1.0).effect, self.change(1.0, 2.0).effect)

    def test_the_change_of_several_runs_is_that_of_the_farthest(self):
        self.assertEqual(self.change(2.0, 3.0, 0.5).text, "0.25 ×")

    def test_a_change_from_0_or_through_it_has_no_ratio(self):
        for values in ((0.0, 1.0), (1.0, 0.0), (-1.0, 1.0)):
            self.assertEqual(self.change(*values).text, "–")

    def test_numbers_of_any_size_have_a_change(self):
        for values in ((5e-324, 1e308), (1e308, 5e-324), (0.0, 0.0), (-2.0, -1.0)):
            self.assertTrue(self.change(*values).text)

    def test_the_change_of_a_count_is_the_difference(self):
        self.assertEqual(self.change(3.0, 4.0, counted=True).text, "1 more")
        self.assertEqual(self.change(3.0, 0.0, counted=True).text, "3 fewer")

    def test_counts_are_whole_things_or_exact_and_nothing_else(self):
        for counted, metric in (
            (True, Metric("queries", 3.0, "queries", "lower")),
            (True, Metric("reach", 99.5, "%", "exact")),
            (True, Metric("threads", 8.0)),
            (False, Metric("frames", 0.5, "frames")),
            *((False, Metric("x", 3.0, unit)) for unit in ("ms", "kB", "%", "×", "rows/s", "B")),
        ):
            with self.subTest(metric.name, unit=metric.unit):
                self.assertIs(is_counted(metric), counted)


class ComparisonTests(SimpleTestCase):
    def left_out(self, *reports):
        return [(left.name, left.why) for left in compare(reports).left_out]

    def test_the_largest_change_comes_first_in_either_direction(self):
        before = of(ms("a", 1.0), ms("b", 1.0), ms("c", 1.0), ms("d", 0.0))
        after = of(ms("a", 1.1), ms("b", 0.1), ms("c", 2.0), ms("d", 1.0))
        changes = compare([run(1, before), run(2, after)]).measured
        self.assertEqual([change.name for change in changes], ["b", "c", "a", "d"])

    def test_a_row_of_another_workload_is_not_compared(self):
        sizes = [of(ms("a", 1.0), workload=(Chosen("sockets", n, 100),)) for n in (100, 500)]
        why = "with another workload: sockets 100 / 500"
        self.assertEqual(self.left_out(run(1, sizes[0]), run(2, sizes[1])), [("N1", why)])
        self.assertEqual(compare([run(1, sizes[0]), run(2, sizes[1])]).changes, ())

    def test_a_row_of_another_scale_is_not_compared(self):
        other = replace(run(2, PASSED), parameters={"scale": "smoke"})
        self.assertEqual(self.left_out(run(1, PASSED), other), [("N1", "at another scale")])

    def test_tests_and_metrics_that_not_all_runs_have_are_told(self):
        before, after = of(ms("a", 1.0), ms("b", 1.0)), of(ms("a", 1.0))
        self.assertEqual(
            self.left_out(run(1, before), run(2, after, MISSED)),
            [("N1 b", "only in run 1"), ("N2", "only in run 2")],
        )

    def test_doubtful_missing_and_differently_measured_values_are_not_compared(self):
        before = of(ms("a", 1.0), ms("b", None, doubt="gone"), ms("c", 1.0))
        after = of(ms("a", 1.0, doubt="busy"), ms("b", 1.0), Metric("c", 1.0, "s"))
        comparison = compare([run(1, before), run(2, after)])
        doubt = "in doubt or not measured"
        self.assertEqual(
            comparison.left_out,
            (LeftOut("N1 a", doubt), LeftOut("N1 b", doubt), LeftOut("N1 c", "in another unit")),
        )

    def test_another_machine_server_or_database_forbids_a_conclusion_from_times(self):
        for name, fields in (
            ("CPU", {"cpu": "Another"}),
            ("cores", {"cores": 4}),
            ("server", {"server": "uvicorn"}),
            ("database", {"database": {"vendor": "postgresql", "version": "16.1"}}),
            ("settings", {"settings_digest": "0"}),
        ):
            with self.subTest(name):
                comparison = compare([run(1, PASSED), run(2, PASSED, **fields)])
                self.assertEqual(comparison.forbidding, [name])
                self.assertIn(f"not the same: {name}. Counts can", caution(comparison))

    def test_other_versions_are_told_and_forbid_nothing(self):
        packages = {"django": "6.0", "channels": "4.3.2"}
        comparison = compare([run(1, PASSED), run(2, PASSED, packages=packages)])
        [condition] = comparison.conditions
        self.assertEqual((condition.name, condition.texts), ("django", ("5.2.1", "6.0")))
        self.assertEqual(comparison.forbidding, [])
        self.assertIn("perf --against 0123456789ab", caution(comparison))

    def test_changes_of_one_unchanged_commit_are_called_noise(self):
        self.assertIn("noise", caution(compare([run(1, PASSED), run(2, PASSED)])))
        dirty = {"git": {"commit": "0123456789abcdef", "dirty": True}}
        said = caution(compare([run(1, PASSED, **dirty), run(2, PASSED, **dirty)]))
        self.assertNotIn("noise", said)
        self.assertNotIn("--against", said)

    def test_runs_that_do_not_say_what_they_ran_on_are_compared(self):
        bare = replace(run(1, PASSED), environment={})
        self.assertIn("rate", printed(bare, replace(bare, run=None)))


class PrintingTests(SimpleTestCase):
    def test_a_count_that_differs_is_named_with_both_values(self):
        text = printed(run(1, of(statements(3), ms("a", 1.0))), run(2, of(statements(4))))
        self.assertRegex(text, r"N1 +connect, statements +3 +4 +1 more")

    def test_times_are_never_called_slower_or_faster(self):
        before, after = of(ms("a", 1.0)), of(ms("a", 9.0))
        for environment in ({}, {"cpu": "Another"}, {"python": "CPython 3.14"}):
            text = printed(run(1, before), run(2, after, **environment))
            self.assertRegex(text, r"a, ms +1 +9 +9\.00 ×")
            for word in VERDICT_WORDS:
                self.assertNotIn(word, text)

    def test_conditions_and_caution_come_before_any_number(self):
        text = printed(run(1, of(ms("a", 1.0))), run(2, of(ms("a", 2.0)), cpu="Another"))
        order = [text.index(part) for part in ("Another", "No conclusion from", "a, ms")]
        self.assertEqual(order, sorted(order))

    def test_names_of_packages_are_shown_as_they_are(self):
        odd = {"packages": {"[/red]django": "5.2"}}
        self.assertIn("[/red]django", printed(run(1, PASSED), run(2, PASSED, **odd)))

    def test_verdicts_that_differ_are_listed(self):
        broken = replace(PASSED, outcome=Outcome.ERROR)
        self.assertRegex(printed(run(1, PASSED), run(2, broken)), r"N1 +High.* +pass +fail")

    def test_small_changes_are_shown_only_where_all_is_asked_for(self):
        before = of(*(ms(f"m{n}", 1.0) for n in range(SHOWN_CHANGES + 2)))
        after = of(*(ms(f"m{n}", 1.0 + n) for n in range(SHOWN_CHANGES + 2)))
        text = printed(run(1, before), run(2, after))
        self.assertIn("2 more changed less: --verbose shows them.", text)
        self.assertNotIn("m0,", text)
        self.assertIn("m0,", printed(run(1, before), run(2, after), detail=True))

    def test_runs_without_a_common_test_say_that_nothing_can_be_compared(self):
        self.assertIn("Nothing can be compared.", printed(run(1, PASSED), run(2, MISSED)))

    def test_many_runs_are_printed_at_every_width_of_a_terminal(self):
        runs = [run(n, PASSED) for n in range(6)]
        for width in (1, 10, 80):
            with self.subTest(width):
                self.assertTrue(printed(*runs, width=width))

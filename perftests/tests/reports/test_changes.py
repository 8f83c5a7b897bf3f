from io import StringIO

from django.test import TransactionTestCase
from rich.console import Console

from perftests import store
from perftests.exceptions import PerftestsError
from perftests.models import PerfRun
from perftests.records.results import Outcome, Result, State
from perftests.records.targets import Metric, Target
from perftests.records.workload import Chosen
from perftests.reports import changes, trends

from ..sample_reports import ENVIRONMENT

FAST, SLOW = (10, 11, 10, 9, 10, 11), (15, 16, 15, 14)


def result(*metrics, row="N7", sockets=1_000):
    return Result(
        test=f"suites.test_x.X.test_{row}",
        suite="notification",
        row=row,
        title="End-to-end latency",
        outcome=Outcome.COMPLETED,
        seconds=1.0,
        metrics=metrics,
        workload=(Chosen("sockets", sockets, 1_000),),
    )


def latency(value, **fields):
    return Metric("p99 from commit to client", value, "ms", "lower", **fields)


class HistoryTestCase(TransactionTestCase):
    def store_run(
        self, *results, scale="standard", server="daphne", state=State.FINISHED, **ran_on
    ):
        environment = {**ENVIRONMENT, "git": {"commit": "abcdef0123456789"}, **ran_on}
        run = store.start("nightly", {"scale": scale, "server": server}, environment)
        for each in results:
            store.add(run, each)
        if state is not State.RUNNING:
            store.finish(run, state, 1.0)
        return run

    def store_latencies(self, values, **options):
        return [self.store_run(result(latency(value)), **options) for value in values]

    def values(self, *rows):
        return [trend.values for trend in trends.read(rows)]


class TrendTests(HistoryTestCase):
    def test_a_trend_has_the_values_of_a_metric_by_the_start_of_their_runs(self):
        runs = self.store_latencies([1, 2, 3])
        [trend] = trends.read()
        self.assertEqual((trend.values, trend.runs), ([1, 2, 3], [run.pk for run in runs]))

    def test_runs_on_another_machine_or_told_something_else_have_a_trend_of_their_own(self):
        self.store_latencies([1, 2])
        self.store_latencies([3], scale="smoke")
        self.store_latencies([4], server="uvicorn")
        self.store_latencies([5], cpu="Another processor")
        self.store_latencies([6], cores=8)
        self.store_latencies([7], database={"vendor": "postgresql", "version": "15"})
        self.store_run(result(latency(8), sockets=500))
        self.assertEqual(self.values(), [[1, 2], [3], [4], [5], [6], [7], [8]])

    def test_other_packages_or_another_commit_do_not_end_a_trend(self):
        self.store_latencies([1])
        self.store_latencies([2], packages={"django": "6.1"}, git={"commit": "f" * 40})
        self.assertEqual(self.values(), [[1, 2]])

    def test_values_in_doubt_and_runs_that_go_on_are_in_no_trend(self):
        self.store_latencies([1])
        self.store_run(result(latency(2, doubt="only 5 samples")))
        self.store_run(result(latency(None, doubt="the server died")))
        self.store_run(result(latency(4)), state=State.RUNNING)
        self.store_run(result(latency(5, required=Target("<", 1))), state=State.ABORTED)
        self.assertEqual(self.values(), [[1, 5]])

    def test_a_comparison_of_two_versions_is_in_no_trend(self):
        self.store_latencies([1])
        run = store.start("", {"against": "main", "server": "daphne"}, ENVIRONMENT)
        store.add(run, result(latency(2)))
        store.finish(run, State.FINISHED, 1.0)
        self.assertEqual(self.values(), [[1]])

    def test_the_trends_of_a_row_are_those_of_no_other_row(self):
        self.store_run(result(latency(1)), result(latency(2), row="W1"))
        self.assertEqual(self.values("W1"), [[2]])
        self.assertEqual(self.values("N7", "W1"), [[1], [2]])

    def test_a_row_that_no_stored_run_has_is_refused_with_those_there_are(self):
        with self.assertRaisesRegex(PerftestsError, "^No stored run has the row N7; no run is st"):
            trends.read(["N7"])
        self.store_run(result(latency(1)), result(latency(2), row="W1"))
        with self.assertRaisesRegex(PerftestsError, "the row n7; those that have are N7, W1.$"):
            trends.read(["n7"])

    def test_trends_take_as_many_queries_whatever_the_number_of_runs(self):
        for count in (1, 4):
            self.store_latencies(range(count))
            with self.subTest(count), self.assertNumQueries(4):
                trends.read()

    def test_a_step_is_worse_or_better_by_what_the_metric_says_is_better(self):
        for better, told in (("lower", "worse"), ("higher", "better"), ("exact", "changed")):
            measured = trends.Measured("here", "", "a.b", "N7", "rate", "/s", better)
            trend = trends.Trend(measured, list(range(6)), [1, 1, 1, 2, 2, 2])
            with self.subTest(better):
                self.assertEqual([trend.direction(step) for step in trend.steps()], [told])


class PrintedChangesTests(HistoryTestCase):
    def printed(self, *rows, width=80, **options):
        output = StringIO()
        console = Console(file=output, width=width, **options)
        if rows:
            changes.print_rows(trends.read(rows), console)
        else:
            changes.print_steps(trends.read(), PerfRun.objects.all(), console)
        return output.getvalue()

    def test_the_run_since_which_a_metric_is_slower_is_named_with_levels_and_sparkline(self):
        runs = self.store_latencies(FAST + SLOW)
        heading, line, hint = self.printed(width=100).splitlines()
        self.assertEqual(heading, f"Changed since run {runs[6].pk} abcdef0 nightly")
        expected = "worse N7 p99 from commit to client 10 to 15 ms +50.0 % ▂▃▂▁▂▃▇█▇▆"
        self.assertEqual(" ".join(line.split()), expected)
        self.assertIn("perf --against", hint)

    def test_changes_fit_a_terminal_of_80_columns(self):
        self.store_latencies([1_000 * value for value in FAST + SLOW])
        for rows in ((), ("N7",)):
            self.assertLessEqual(max(map(len, self.printed(*rows).splitlines())), 80)

    def test_changes_are_coloured_where_a_terminal_has_colours_alone(self):
        self.store_latencies(FAST + SLOW)
        self.assertIn("\x1b[31m", self.printed(force_terminal=True, color_system="standard"))
        self.assertNotIn("\x1b", self.printed())

    def test_a_history_without_a_change_prints_nothing(self):
        self.store_latencies(FAST)
        self.assertEqual(self.printed(), "")

    def test_the_largest_of_many_changes_are_printed_and_what_is_worse_comes_first(self):
        for slow in [1] * 6 + [2] * 4:
            metrics = [Metric(f"time {n}", 10 + n * (slow - 1), "ms", "lower") for n in range(1, 7)]
            self.store_run(result(*metrics, Metric("rate", slow, "/s", "higher")))
        lines = self.printed().splitlines()
        self.assertEqual([line.split()[3] for line in lines[1:6]], ["6", "5", "4", "3", "2"])
        self.assertEqual(lines[6], "  and 2 more: perf history ROW")

    def test_a_level_that_was_nothing_before_has_no_percentage(self):
        for value in [0] * 6 + [3] * 3:
            self.store_run(result(Metric("missing", value, "", "exact")))
        self.assertRegex(self.printed(), r"changed +N7 +missing +0 to 3 +▁▁▁▁▁▁███")

    def test_the_history_of_a_row_has_its_newest_value_and_all_its_steps(self):
        runs = self.store_latencies(FAST + SLOW + FAST)
        text = self.printed("N7", width=160)
        self.assertIn("standard, daphne, sqlite, InProcessChannelLayer, A processor, 2 cores", text)
        self.assertIn("sockets 1,000\n", text)
        slow, fast = runs[6].pk, runs[10].pk
        steps = rf"worse \+50.0 % since run {slow}; better -33.3 % since run {fast}"
        self.assertRegex(text, rf"11 ms +{steps}")

    def test_a_sparkline_of_many_runs_has_twelve_marks(self):
        console = Console(file=StringIO(), width=80)
        self.assertEqual(changes.sparkline(range(48), console), "▁▂▂▃▄▄▅▅▆▇▇█")

    def test_a_sparkline_has_digits_where_the_output_knows_ascii_alone(self):
        class Ascii(StringIO):
            encoding = "ascii"

        console = Console(file=Ascii(), width=80)
        self.assertEqual(changes.sparkline([1, 8, 1], console), "181")
        self.assertEqual(changes.sparkline([5], console), "1")

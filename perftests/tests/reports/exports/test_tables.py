from dataclasses import replace

from django.test import SimpleTestCase

from perftests.measure.histogram import LatencyHistogram
from perftests.measure.series import Phase, Series
from perftests.reports.exports.svg import latency_chart, series_charts
from perftests.reports.exports.tables import by_percentile, over_time

RSS = Series("server rss", "MB", (0.0, 1.0, 2.0, 3.0), (10.0, 11.0, 12.0, 13.0))
CPU = Series("server cpu", "%", (1.0, 2.0), (50.0, 70.0))


def histogram(count):
    return LatencyHistogram.from_nanoseconds(range(1_000_000, 1_000_000 * (1 + count), 1_000_000))


class TableTests(SimpleTestCase):
    def test_latencies_are_told_at_each_percentile_that_has_samples_beyond(self):
        table = by_percentile({"many": histogram(1_000), "few": histogram(40)})
        self.assertEqual(table.heads, ["latency", "p50", "p90", "p99", "p99.9", "longest"])
        self.assertEqual(table.rows[0], ["many", "500", "900", "990", "–", "1,000"])
        self.assertEqual(table.rows[1], ["few", "20", "–", "–", "–", "40"])

    def test_a_series_is_told_at_moments_with_the_value_that_had_been_read_by_then(self):
        table = over_time([CPU], [0.0, 1.5, 2.0], "%")
        self.assertEqual(table.heads[1:], ["0", "1.5", "2"])
        self.assertEqual(table.rows, [["server cpu", "–", "50", "70"]])

    def test_the_table_of_memory_ends_with_how_fast_it_grows(self):
        self.assertEqual(over_time([RSS], [3.0], "MB").rows, [["server rss", "13", "1"]])

    def test_two_readings_have_no_slope(self):
        short = Series("server uss", "MB", (0.0, 1.0), (10.0, 11.0))
        self.assertEqual(over_time([short], [1.0], "MB").rows[0][-1], "–")

    def test_each_chart_has_a_table_of_the_lines_that_it_draws(self):
        many = [Series(f"s{n}", "MB", (0.0, 1.0), (1.0, float(n))) for n in range(7)]
        [chart] = series_charts(many)
        self.assertEqual([row[0] for row in chart.table.rows], [line.name for line in chart.lines])
        latency = latency_chart({"delivery": histogram(1_000)})
        self.assertEqual(latency.table.rows[0][0], "delivery")

    def test_a_chart_marks_the_phases_that_began_while_it_was_recorded(self):
        phases = (Phase(0.0, "warm-up"), Phase(1.5, "measured"), Phase(9.0, "later"))
        [chart] = series_charts([CPU, replace(CPU, name="other", phases=phases)])
        begun = {mark.name: mark.begun for mark in chart.marks}
        self.assertEqual(begun, {"warm-up": "0 s", "measured": "1.5 s"})
        self.assertEqual(chart.marks[0].at, chart.left)

    def test_the_ratios_of_pairs_are_drawn_by_pair_and_not_by_second(self):
        [chart] = series_charts([Series("push", "× in pair", (1.0, 2.0), (1.0, 1.1))])
        self.assertEqual((chart.title, chart.x_title), ("Ratio, pair by pair", "pair"))

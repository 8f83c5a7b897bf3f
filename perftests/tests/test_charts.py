import json

from django.test import SimpleTestCase
from plotly.graph_objects import Figure

from perftests.charts import latency_figure, resource_figure
from perftests.measure.histogram import LatencyHistogram
from perftests.measure.results import Outcome, Result, Series


def make_result(row, *, seconds=10.0, latencies=None, series=()):
    """`latencies` maps names to samples in ms."""
    histograms = {
        name: LatencyHistogram.from_nanoseconds(int(ms * 1e6) for ms in samples).encode()
        for name, samples in (latencies or {}).items()
    }
    return Result(
        f"suites.Tests.test_{row}",
        "websocket",
        row,
        "A title",
        Outcome.COMPLETED,
        seconds,
        series=series,
        histograms=histograms,
    )


class LatencyFigureTests(SimpleTestCase):
    def test_it_draws_one_line_for_each_histogram(self):
        results = [
            make_result("W1", latencies={"connect": range(1, 101), "close": range(1, 101)}),
            make_result("W2", latencies={"delivery": range(1, 101)}),
        ]
        lines = latency_figure(results)["data"]
        self.assertEqual(
            [line["name"] for line in lines], ["W1 close", "W1 connect", "W2 delivery"]
        )
        self.assertEqual(len({line["line"]["color"] for line in lines}), 3)

    def test_it_draws_latency_over_each_further_nine(self):
        line = latency_figure([make_result("W1", latencies={"x": range(1, 1001)})])["data"][0]
        latency_at = dict(zip([round(x, 6) for x in line["x"]], line["y"], strict=True))
        self.assertAlmostEqual(latency_at[1], 1, delta=0.01)
        self.assertAlmostEqual(latency_at[10], 900, delta=1)
        self.assertAlmostEqual(latency_at[100], 990, delta=1)
        self.assertEqual((line["customdata"][0], line["customdata"][-1]), (0, 99))

    def test_a_line_ends_where_fewer_than_ten_samples_lie_beyond(self):
        line = latency_figure([make_result("W1", latencies={"x": range(1, 101)})])["data"][0]
        self.assertAlmostEqual(max(line["x"]), 10)

    def test_it_leaves_out_what_has_too_few_samples(self):
        few = {"few": range(1, 10), "none": []}
        self.assertIsNone(latency_figure([make_result("W1", latencies=few)]))

    def test_it_draws_nothing_without_histograms(self):
        self.assertIsNone(latency_figure([]))
        self.assertIsNone(latency_figure([make_result("W1")]))

    def test_a_test_outside_the_table_of_suites_is_named_by_its_method(self):
        result = make_result("", latencies={"x": range(1, 101)})
        self.assertEqual(latency_figure([result])["data"][0]["name"], "test_ x")

    def test_thirty_lines_can_be_told_apart(self):
        results = [make_result(f"W{i}", latencies={"x": range(1, 31)}) for i in range(30)]
        lines = latency_figure(results)["data"]
        looks = {(line["line"]["color"], line["line"]["dash"]) for line in lines}
        self.assertEqual(len(looks), 30)

    def test_plotly_accepts_it(self):
        figure = latency_figure([make_result("W1", latencies={"x": range(1, 101)})])
        self.assertEqual(Figure(figure).layout.xaxis.type, "log")
        json.dumps(figure, allow_nan=False)


class ResourceFigureTests(SimpleTestCase):
    cpu = Series("server cpu", "%", (0.0, 1.0), (10.0, 20.0))
    client_cpu = Series("client cpu", "%", (0.0, 1.0), (5.0, 6.0))
    rss = Series("server rss", "MB", (0.0, 1.0), (100.0, 101.23456))
    uss = Series("server uss", "MB", (0.0, 1.0), (80.0, 81.0))
    threads = Series("server threads", "", (0.0, 1.0), (4.0, 4.0))

    def line(self, figure, name):
        return next(line for line in figure["data"] if line["name"] == name)

    def test_it_draws_the_tests_one_after_the_other(self):
        results = [
            make_result("W1", seconds=10.0, series=(self.cpu,)),
            make_result("W2", seconds=5.0),
            make_result("W3", seconds=10.0, series=(self.cpu,)),
        ]
        (line,) = resource_figure(results)["data"]
        self.assertEqual(line["x"], [0, 1, None, 15, 16, None])
        self.assertEqual(line["y"], [10, 20, None, 10, 20, None])

    def test_it_marks_where_each_measured_test_begins(self):
        results = [
            make_result("W1", seconds=10.0),
            make_result("W2", series=(self.cpu,)),
        ]
        layout = resource_figure(results)["layout"]
        self.assertEqual([(a["text"], a["x"]) for a in layout["annotations"]], [("W2", 10)])
        self.assertEqual([shape["x0"] for shape in layout["shapes"]], [10])

    def test_each_unit_has_a_panel_with_a_title(self):
        series = (self.threads, self.rss, self.cpu)
        figure = resource_figure([make_result("W4", series=series)])
        axes = [figure["layout"][name] for name in ("yaxis", "yaxis2", "yaxis3")]
        titles = [axis["title"]["text"] for axis in axes]
        self.assertEqual(titles, ["CPU, % of one core", "Memory, MB", "Count"])
        self.assertEqual(self.line(figure, "server cpu")["yaxis"], "y")
        self.assertEqual(self.line(figure, "server rss")["yaxis"], "y2")
        self.assertEqual(self.line(figure, "server threads")["yaxis"], "y3")
        bottoms_and_tops = [edge for axis in reversed(axes) for edge in axis["domain"]]
        self.assertEqual(bottoms_and_tops, sorted(bottoms_and_tops))
        self.assertEqual((bottoms_and_tops[0], bottoms_and_tops[-1]), (0, 1))

    def test_a_panel_without_series_takes_no_room(self):
        layout = resource_figure([make_result("W4", series=(self.rss,))])["layout"]
        self.assertEqual(layout["yaxis"]["title"]["text"], "Memory, MB")
        self.assertEqual(layout["yaxis"]["domain"], [0, 1])
        self.assertNotIn("yaxis2", layout)

    def test_client_and_server_have_colours_and_quantities_have_dashes(self):
        series = (self.cpu, self.client_cpu, self.rss, self.uss)
        figure = resource_figure([make_result("W4", series=series)])
        look = {line["name"]: line["line"] for line in figure["data"]}
        self.assertEqual(look["server cpu"]["color"], look["server rss"]["color"])
        self.assertNotEqual(look["server cpu"]["color"], look["client cpu"]["color"])
        self.assertNotEqual(look["server rss"]["dash"], look["server uss"]["dash"])

    def test_it_draws_nothing_without_series(self):
        self.assertIsNone(resource_figure([]))
        self.assertIsNone(resource_figure([make_result("W1")]))

    def test_it_leaves_out_a_series_of_another_unit(self):
        other = Series("queue", "notifications", (0.0,), (1.0,))
        self.assertIsNone(resource_figure([make_result("W1", series=(other,))]))

    def test_plotly_accepts_it(self):
        figure = resource_figure([make_result("W4", series=(self.cpu, self.rss))])
        self.assertEqual(len(Figure(figure).data), 2)
        json.dumps(figure, allow_nan=False)

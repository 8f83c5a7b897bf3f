import json
import tempfile
from dataclasses import replace
from pathlib import Path

from django.test import SimpleTestCase
from junitparser import Error, Failure, JUnitXml, Skipped
from markdown_it import MarkdownIt
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from perftests.exceptions import PerftestsError
from perftests.records.results import Outcome, Result
from perftests.records.targets import Metric, Target
from perftests.records.workload import Chosen
from perftests.reports.exports.formats import ENDINGS, FORMATS, Destination
from perftests.reports.json import read

from ...sample_reports import BROKEN, MISSED, PASSED, SKIPPED, report

EVERYTHING = report(PASSED, MISSED, BROKEN, SKIPPED)
HOSTILE = '</title><script>alert(1)</script>|`*_[x](javascript:1) ]]> " \\ '


def hostile(outcome=Outcome.ERROR):
    metric = Metric(HOSTILE, 3, HOSTILE, "lower", required=Target("==", 0))
    return Result(
        test=f"app.{HOSTILE}",
        suite=HOSTILE,
        row="X1",
        title=HOSTILE,
        outcome=outcome,
        seconds=1.0,
        metrics=(metric,),
        notes=(HOSTILE,),
        detail=HOSTILE,
    )


class DestinationTests(SimpleTestCase):
    def test_the_ending_of_a_file_tells_the_format_of_the_report(self):
        for ending, kind in ENDINGS.items():
            with self.subTest(ending):
                found = Destination.parse(f"reports/run{ending}")
                self.assertEqual(found, Destination(kind, Path(f"reports/run{ending}")))

    def test_a_kind_before_a_colon_tells_the_format_whatever_the_ending_of_the_report(self):
        found = Destination.parse("bencher:results.json")
        self.assertEqual(found, Destination("bencher", Path("results.json")))

    def test_a_report_of_no_known_format_is_refused_with_those_there_are(self):
        for text in ("report.pdf", "nonsense:report.pdf", "junit:", "report", ""):
            with self.subTest(text), self.assertRaisesRegex(PerftestsError, "bencher"):
                Destination.parse(text)

    def test_a_kind_that_is_none_is_refused_with_those_there_are(self):
        with self.assertRaisesRegex(PerftestsError, r"^--report 'md:run.md' has no known kind; .*"):
            Destination.parse("md:run.md")
        with_a_colon = Destination.parse("./12:30.html")
        self.assertEqual(with_a_colon, Destination("html", Path("./12:30.html")))

    def test_every_format_is_written_for_every_kind_of_result(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for kind in FORMATS:
            for sample in (EVERYTHING, report(), report(hostile(), run=None)):
                with self.subTest(kind):
                    Destination(kind, folder / "file").write(sample)
                    self.assertTrue((folder / "file").read_text())


class JUnitReportTests(SimpleTestCase):
    def parse(self, sample):
        return JUnitXml.fromstring(FORMATS["junit"](sample).encode())

    def test_a_junit_reader_finds_each_test_in_the_suite_of_its_own(self):
        suites = {suite.name: [case.name for case in suite] for suite in self.parse(EVERYTHING)}
        self.assertEqual(
            suites,
            {
                "notification": ["N1 test_rate", "N2 test_lost"],
                "memory": ["M1 test_leak", "M2 test_redis"],
            },
        )

    def test_a_junit_reader_counts_a_missed_target_as_failure_and_a_crash_as_error(self):
        endings = [case.result for suite in self.parse(EVERYTHING) for case in suite]
        kinds = [[type(ending) for ending in found] for found in endings]
        self.assertEqual(kinds, [[], [Failure], [Error], [Skipped]])
        self.assertEqual(endings[1][0].message, "missing is 3 notifications, required == 0")

    def test_a_junit_reader_gets_hostile_texts_as_they_were(self):
        [suite] = self.parse(report(hostile()))
        self.assertEqual(suite.name, HOSTILE)

    def test_a_junit_reader_gets_the_colours_of_a_terminal_as_text(self):
        failed = replace(BROKEN, title="a\x0bb", detail="\x1b[31mAssertionError\x1b[0m: \ufffe")
        [suite] = self.parse(report(replace(failed, suite="\x01")))
        self.assertEqual(suite.name, r"\x01")
        [[ending]] = [case.result for case in suite]
        self.assertEqual(ending.message, r"\x1b[31mAssertionError\x1b[0m: \xfffe")

    def test_a_junit_reader_gets_both_ends_of_a_long_traceback(self):
        long = replace(BROKEN, detail="Traceback:\n" + "  a line\n" * 5_000 + "ValueError: so")
        [[[ending]]] = [[case.result for case in suite] for suite in self.parse(report(long))]
        self.assertEqual(ending.message, "ValueError: so")
        self.assertTrue(ending.text.startswith("Traceback:"))
        self.assertLessEqual(len(ending.text), 10_000)


class OpenMetricsReportTests(SimpleTestCase):
    def samples(self, sample):
        families = text_string_to_metric_families(FORMATS["openmetrics"](sample))
        return {
            (s.name, s.labels.get("row"), s.labels.get("metric"), s.labels.get("kind")): s.value
            for family in families
            for s in family.samples
        }

    def test_an_openmetrics_reader_finds_verdicts_values_and_limits(self):
        found = self.samples(EVERYTHING)
        self.assertEqual(found["perf_run_verdict", None, None, None], 0)
        self.assertEqual(found["perf_test_verdict", "N1", None, None], 1)
        self.assertEqual(found["perf_metric", "N1", "rate", None], 1500)
        self.assertEqual(found["perf_limit", "N1", "rate", "goal"], 2000)
        self.assertEqual(found["perf_run_duration_seconds", None, None, None], 192)

    def test_an_openmetrics_reader_gets_hostile_texts_as_they_were(self):
        self.assertIn(("perf_metric", "X1", HOSTILE, None), self.samples(report(hostile())))


class MarkdownReportTests(SimpleTestCase):
    def html(self, sample):
        return MarkdownIt("commonmark").enable("table").render(FORMATS["markdown"](sample))

    def test_markdown_says_the_verdict_first_and_then_what_is_missed(self):
        text = FORMATS["markdown"](EVERYTHING)
        self.assertTrue(
            text.startswith("## ❌ Performance, run 12 “before \\[the\\] upgrade”: fail")
        )
        self.assertLess(text.index("Missed, required"), text.index("Missed goals"))

    def test_a_markdown_reader_finds_tables_of_what_is_missed_in_doubt_and_broken(self):
        html = self.html(EVERYTHING)
        self.assertIn("<td>missing</td>", html)
        self.assertIn("RuntimeError: [red]it crashed[/red]", html)
        self.assertEqual(html.count("<table>"), 5)

    def test_a_markdown_reader_finds_the_workloads_that_were_changed(self):
        workload = (Chosen("sockets", 500, 1_000), Chosen("seconds", 10, 10))
        html = self.html(report(replace(PASSED, workload=workload)))
        self.assertIn("<td>sockets 500 instead of 1,000</td>", html)

    def test_a_markdown_reader_makes_no_markup_of_hostile_texts(self):
        html = self.html(report(hostile()))
        for markup in ("<script", "<em>", "<code>", "<a "):
            with self.subTest(markup):
                self.assertNotIn(markup, html)


class BenchmarkReportTests(SimpleTestCase):
    def test_bencher_gets_each_value_as_the_measure_of_its_unit(self):
        found = json.loads(FORMATS["bencher"](EVERYTHING))
        self.assertEqual(found["N1 rate"], {"/s": {"value": 1500}})

    def test_a_metric_that_two_tests_of_a_row_measure_gets_two_names(self):
        slower = Metric("rate", 900, "/s", "higher")
        sample = report(
            PASSED, replace(PASSED, test="app.tests.Other.test_rate", metrics=(slower,))
        )
        names = {"app.tests.Delivery.test_rate rate": 1500, "app.tests.Other.test_rate rate": 900}
        found = json.loads(FORMATS["bencher"](sample))
        self.assertEqual({name: found[name]["/s"]["value"] for name in found}, names)
        found = json.loads(FORMATS["bigger-is-better"](sample))
        self.assertEqual({entry["name"]: entry["value"] for entry in found}, names)

    def test_github_action_benchmark_gets_what_is_better_bigger_apart_from_smaller(self):
        interval = Metric("cost", 2.0, "×", "lower", goal=Target("<", 3), low=1.5, high=2.5)
        result = Result(
            test="a.b",
            suite="s",
            row="X1",
            title="",
            outcome=Outcome.COMPLETED,
            seconds=1,
            metrics=(interval,),
        )
        sample = report(PASSED, result)
        smaller = json.loads(FORMATS["smaller-is-better"](sample))
        bigger = json.loads(FORMATS["bigger-is-better"](sample))
        entry = {"name": "X1 cost", "unit": "×", "value": 2.0, "range": "1.5 to 2.5"}
        self.assertEqual(smaller, [entry])
        self.assertEqual([entry["name"] for entry in bigger], ["N1 rate"])


class JSONExportTests(SimpleTestCase):
    def test_a_json_report_by_its_ending_is_read_as_the_one_that_was_written(self):
        path = Path(self.enterContext(tempfile.TemporaryDirectory()), "run.json")
        Destination.parse(str(path)).write(EVERYTHING)
        self.assertEqual(read(path), EVERYTHING)

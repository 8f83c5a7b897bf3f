"""The pages about performance tests against the code: options, settings, rows and formats."""

import json
import os
import re
import sys
import tempfile
from io import StringIO
from itertools import groupby
from pathlib import Path
from unittest import mock

from django.apps import apps
from django.core.management import BaseCommand, call_command, load_command_class
from django.test import SimpleTestCase, TransactionTestCase, tag
from django.utils.text import capfirst

from perftests.compare.options import BUDGET_SECONDS
from perftests.compare.verdicts import ERROR_RATE, LATER_LOOKS, SAME_MARGIN, fewest_pairs
from perftests.conf import SCALES, Configuration, known_names
from perftests.load.clients.health import SATURATED
from perftests.management.commands import perf
from perftests.management.commands._help import HISTORY_LENGTH
from perftests.measure.changepoints import SMALLEST_CHANGE
from perftests.measure.leaks import MINIMUM_CYCLES, SIGNIFICANCE
from perftests.measure.stats import RESAMPLES, SAMPLES_BEYOND_PERCENTILE
from perftests.models import PerfRun
from perftests.records.results import FORMAT_VERSION
from perftests.records.workload import size_text
from perftests.reports.trends import MOST_RUNS
from perftests.runner.selection import DEFAULT_LABEL, select
from perftests.suites.memory.survivors import SETTLING_BYTES
from perftests.workloads import parameters

from .pages import ROOT, TEXTS, block, commands, page, table

PERF = page("reference/perf")
MEASURE = page("how-to/measure")
OWN_CODE = page("how-to/measure-your-own-code")
MEASURING = page("explanation/measuring")
WORKLOADS = page("reference/workloads")
PERFTESTS = page("reference/settings").split("## `PERFTESTS`")[1]


def source():
    """All code of the app without its tests."""
    files = ROOT.glob("perftests/**/*.py")
    return "\n".join(path.read_text() for path in files if "tests" not in path.parts)


class PerfCommandTests(SimpleTestCase):
    def test_every_perf_command_line_of_the_documents_is_valid(self):
        quoted = [
            words[3:]
            for text in TEXTS.values()
            for words in commands(text, ["python", "manage.py", "perf"])
        ]
        self.assertGreater(len(quoted), 5)
        parser = load_command_class("perftests", "perf").create_parser("manage.py", "perf")
        for arguments in quoted:
            with self.subTest(arguments):
                options = parser.parse_args(arguments)
                if all(label.startswith("perftests") for label in options.labels):
                    self.assertTrue(select(options.labels, options.suites))

    def test_every_test_that_the_guide_to_measuring_quotes_exists(self):
        quoted = [words[3] for words in commands(MEASURE, ["python", "manage.py", "test"])]
        self.assertEqual(quoted[0], "perftests")
        for label in quoted[1:]:
            with self.subTest(label):
                self.assertEqual([test.id() for test in select([label], [])], [label])

    def test_every_option_of_perf_is_documented(self):
        parser = load_command_class("perftests", "perf").create_parser("manage.py", "perf")
        usual = BaseCommand().create_parser("manage.py", "perf")._option_string_actions
        options = [name for name in parser._option_string_actions if name not in usual]
        documented = [name.partition(" ")[0] for name in table(PERF, "argument")]
        self.assertEqual(documented[1:], options)

    def test_the_documented_defaults_of_perf_are_the_real_ones(self):
        documented = {
            key.partition(" ")[0]: cells for key, cells in table(PERF, "argument").items()
        }
        nothing = {"scale": None, "server": None, "suites": [], "label": "", "fail_fast": False}
        others = {k: v for k, v in os.environ.items() if not k.startswith("PERF_")}
        with mock.patch.dict(os.environ, others, clear=True):
            order = perf.Command()._order([], nothing)
        self.assertEqual(documented["LABEL…"][0], f"`{DEFAULT_LABEL}`")
        self.assertEqual(documented["--scale"][0], f"`{order.scale}`")
        self.assertEqual(documented["--server"][0], f"`{order.server}`")
        self.assertEqual(documented["--pairs"][0], f"`{LATER_LOOKS[-1]}`")
        self.assertEqual(documented["--budget"][0], f"`{BUDGET_SECONDS:g}`")
        self.assertEqual(order.tests, [test.id() for test in select([], [])])

    def test_the_documented_exit_codes_of_perf_are_the_real_ones(self):
        documented = [f"{code:4} {text}" for code, (text,) in table(PERF, "exit code").items()]
        told = perf.EXAMPLES.split("exit codes:\n")[1].splitlines()
        self.assertEqual(documented, [line.strip() for line in told])

    def test_the_history_of_perf_is_as_long_as_its_reference_says(self):
        self.assertIn(f"the last {HISTORY_LENGTH} runs", PERF)


class PerftestsSettingTests(SimpleTestCase):
    def test_each_setting_of_perftests_is_documented_with_its_default_and_limits(self):
        documented = {
            tuple(key.replace("`", "").split(", ")): (cells[0].strip("`"), cells[1])
            for key, cells in table(PERFTESTS, "setting and variable").items()
        }
        real = {}
        for name in known_names():
            setting = vars(Configuration)[name]
            default = "(unset)" if setting.default is None else str(setting.default)
            real[name, setting.variable] = (default or "(empty)", setting.allowed)
        self.assertEqual(documented, real)

    def test_the_reference_of_perf_has_the_settings_of_the_page_on_settings(self):
        documented = {
            (name, variable.strip("`")): default.strip("`")
            for name, (variable, default) in table(PERF, "setting").items()
        }
        full = table(PERFTESTS, "setting and variable").items()
        short = {
            tuple(key.replace("`", "").split(", ")): cells[0].strip("`") for key, cells in full
        }
        self.assertEqual(documented, short)

    def test_every_variable_that_the_code_of_perftests_names_is_documented(self):
        named = set(re.findall(r"\bPERF_[A-Z_]*[A-Z]\b", source()))
        self.assertIn("PERF_DATABASE_NAME", named)
        self.assertEqual(named - set(re.findall(r"`(PERF_\w+)`", PERFTESTS)), set())


class PerfRowTests(SimpleTestCase):
    maxDiff = None

    def test_every_row_of_the_suites_is_documented_with_its_title(self):
        tests_of_suites = groupby(select([], [], everything=True), key=lambda test: test.suite)
        real = "\n\n".join(
            f"### `{suite}`\n\n| row | what |\n| --- | --- |\n"
            + "\n".join(f"| {test.row} | {test.title} |" for test in tests)
            for suite, tests in tests_of_suites
        )
        documented = PERF[PERF.index("### `") : PERF.index("`perf --list` prints")].strip()
        self.assertEqual(documented, real, "Put the second into docs/reference/perf.md.")

    def test_every_number_of_every_workload_is_documented_with_its_sizes(self):
        numbers = {
            f"{test.row} `{name}`": parameter
            for test in select([], [], everything=True)
            for name, parameter in parameters(test.workload_kind).items()
        }
        real = "\n".join(
            f"| {name} | {' | '.join(size_text(parameter.sizes[scale]) for scale in SCALES)}"
            f" | {size_text(parameter.least)} | {parameter.meaning} |"
            for name, parameter in numbers.items()
        )
        documented = WORKLOADS[WORKLOADS.rindex("--- |\n") + 6 :].strip()
        self.assertEqual(documented, real, "Put the second into docs/reference/workloads.md.")


@tag("slow")
class PerfExampleTests(TransactionTestCase):
    """The class of the page, in an app of its own, run by the real command."""

    def test_the_example_of_a_performance_test_runs_and_its_report_is_as_described(self):
        example = block(OWN_CODE, "python", "from perftests.")
        with tempfile.TemporaryDirectory() as directory:
            package = Path(directory, "myapp", "tests")
            package.mkdir(parents=True)
            (package / "perf.py").write_text(example)
            path = Path(directory, "report.json")
            database = {"DATABASE_URL": f"sqlite:///{directory}/db.sqlite3"}
            with (
                mock.patch.dict(os.environ, database),
                mock.patch("sys.path", [*sys.path, directory]),
            ):
                output = StringIO()
                self.addCleanup(forget, "myapp")
                call_command("perf", "myapp.tests.perf", scale="smoke", output=path, stdout=output)
            report = json.loads(path.read_text())
        self.assertIn("Looking up users by their name", output.getvalue())
        self.assertEqual(report["verdict"], "pass")
        self.check_format(report)

    def check_format(self, report):
        documented = {kind: table(PERF, kind) for kind in ("report", "result", "metric")}
        [result] = report["results"]
        real = {"report": report, "result": result, "metric": result["metrics"][0]}
        for kind, fields in real.items():
            with self.subTest(kind):
                self.assertEqual(list(documented[kind]), list(fields))
        self.assertEqual(documented["report"]["format_version"], [f"`{FORMAT_VERSION}`"])
        named = re.findall(r"`(\w+)`", documented["report"]["parameters"][0])
        self.assertEqual(named, list(report["parameters"]))


class MeasuringPageTests(SimpleTestCase):
    def test_the_figures_of_the_page_on_measuring_are_those_of_the_code(self):
        for figure in (
            f"used more than {100 * SATURATED:.0f} % of a core",
            f"fewer than {MINIMUM_CYCLES} cycles for a leak",
            f"after a warm-up, at least {MINIMUM_CYCLES} cycles count",
            f"the limit ({SETTLING_BYTES // 1024**2} MiB over all cycles)",
            f"({RESAMPLES:,} resamples",
            f"p99 needs {100 * SAMPLES_BEYOND_PERCENTILE:,}",
            f"({fewest_pairs(1)} for one metric, {fewest_pairs(2)} for two, "
            f"{fewest_pairs(10)} for all ten)",
            f"and after {LATER_LOOKS[0]}, {LATER_LOOKS[1]} and {LATER_LOOKS[2]}",
            f"above 1 ÷ {1 + SAME_MARGIN:.2f} and below {1 + SAME_MARGIN:.2f}",
            f"error rate of {100 * ERROR_RATE:.0f} %",
            f"over the newest {MOST_RUNS} runs that are stored",
            f"Steps of noisy values below {100 * SMALLEST_CHANGE:.0f} %",
            f"more than chance (one-sided, {100 * SIGNIFICANCE:.1f} %)",
        ):
            with self.subTest(figure):
                self.assertIn(figure, " ".join(MEASURING.split()))


class PerfMessageTests(SimpleTestCase):
    def test_every_message_that_the_guide_to_measuring_explains_is_in_the_code(self):
        for message in (
            "ended before it was ready",
            "It said at last:",
            "may not create the test database",
            "The database cannot be used, check DATABASE_URL",
            "The database of the results failed",
            "would be imported from",
            "the load generator was busy",
            "the loop of the load generator stood still",
            "the noise floor of",
            "were made in time",
            "None answers at",
            "The run was stopped after RUN_TIMEOUT_SECONDS",
        ):
            with self.subTest(message):
                self.assertIn(message, MEASURE)
                self.assertIn(message, source())


class PerfAdminTests(SimpleTestCase):
    def test_the_admin_calls_the_runs_as_the_reference_of_perf_does(self):
        app = apps.get_app_config("perftests").verbose_name
        runs = capfirst(PerfRun._meta.verbose_name_plural)
        self.assertIn(f"*{app} › {runs}*", PERF)


def forget(package):
    """Let the package be imported anew, from another place."""
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]

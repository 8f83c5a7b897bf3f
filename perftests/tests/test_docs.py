"""The documents against the code: commands, options, settings, rows, formats and links."""

import json
import os
import re
import shlex
import sys
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from io import StringIO
from itertools import groupby
from pathlib import Path
from pkgutil import resolve_name
from unittest import mock

from django.conf import settings
from django.core.management import BaseCommand, call_command, get_commands, load_command_class
from django.test import SimpleTestCase, TransactionTestCase

from notifications.conf import get_settings
from notifications.layers import RedisChannelLayer
from perftests.conf import Configuration, known_names
from perftests.load.server import command
from perftests.load.swarm import SATURATED
from perftests.management.commands import perf
from perftests.measure.memory import MINIMUM_CYCLES
from perftests.measure.results import FORMAT_VERSION
from perftests.measure.stats import RESAMPLES, SAMPLES_BEYOND_PERCENTILE, SIGNIFICANCE
from perftests.selection import DEFAULT_LABEL, select
from perftests.suites.memory import SETTLING_BYTES

ROOT = settings.BASE_DIR
README = (ROOT / "perftests" / "README.md").read_text()
MEASURING, SECURITY, SCALING, SETTINGS = (
    (ROOT / "docs" / f"{name}.md").read_text()
    for name in ("measuring", "security", "scaling", "settings")
)
OURS = {"README": README, "measuring": MEASURING, "security": SECURITY, "scaling": SCALING}
PERFTESTS = SETTINGS.split("## `PERFTESTS`")[1]
DOCUMENTS = [ROOT / "perftests" / "README.md", *ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]


def blocks(text, language):
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(text, line_start):
    """The shell lines of a document that start so, each as its arguments, comments left out."""
    lines = "\n".join(blocks(text, "console")).splitlines()
    split = (shlex.split(line.removeprefix("$ "), comments=True) for line in lines)
    return [words for words in split if words[: len(line_start)] == line_start]


def table(text, heading):
    """The table with this heading: its rows by the code of their first cell."""
    lines = text[text.index(f"| {heading} |") :].split("\n\n")[0].splitlines()[2:]
    cells = ([cell.strip() for cell in line.strip("|").split(" | ")] for line in lines)
    return {first.strip("`"): rest for first, *rest in cells}


def source():
    """All code of the app without its tests."""
    files = ROOT.glob("perftests/**/*.py")
    return "\n".join(path.read_text() for path in files if path.parent.name != "tests")


def slug(heading):
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


class CommandTests(SimpleTestCase):
    def test_every_command_that_is_quoted_exists(self):
        for name, text in OURS.items():
            for quoted in re.findall(r"manage\.py ([a-z_]+)", text):
                with self.subTest(name):
                    self.assertIn(quoted, get_commands())

    def test_every_quoted_use_of_perf_is_one(self):
        quoted = [
            words[3:]
            for text in OURS.values()
            for words in commands(text, ["python", "manage.py", "perf"])
        ]
        self.assertGreater(len(quoted), 5)
        parser = load_command_class("perftests", "perf").create_parser("manage.py", "perf")
        for arguments in quoted:
            with self.subTest(arguments):
                options = parser.parse_args(arguments)
                if all(label.startswith("perftests") for label in options.labels):
                    self.assertTrue(select(options.labels, options.suites))

    def test_every_quoted_test_exists(self):
        quoted = [words[3] for words in commands(README, ["python", "manage.py", "test"])]
        self.assertEqual(quoted[0], "perftests")
        for label in quoted[1:]:
            with self.subTest(label):
                self.assertEqual([test.id() for test in select([label], [])], [label])

    def test_every_option_of_perf_is_there(self):
        parser = load_command_class("perftests", "perf").create_parser("manage.py", "perf")
        usual = BaseCommand().create_parser("manage.py", "perf")._option_string_actions
        options = [name for name in parser._option_string_actions if name not in usual]
        documented = [name.partition(" ")[0] for name in table(README, "argument")]
        self.assertEqual(documented[1:], options)

    def test_the_defaults_of_perf_are_the_real_ones(self):
        documented = {
            key.partition(" ")[0]: cells for key, cells in table(README, "argument").items()
        }
        nothing = {"scale": None, "server": None, "suites": [], "label": "", "fail_fast": False}
        others = {k: v for k, v in os.environ.items() if not k.startswith("PERF_")}
        with mock.patch.dict(os.environ, others, clear=True):
            order = perf.Command()._order([], nothing)
        self.assertEqual(documented["LABEL…"][0], f"`{DEFAULT_LABEL}`")
        self.assertEqual(documented["--scale"][0], f"`{order.scale}`")
        self.assertEqual(documented["--server"][0], f"`{order.server}`")
        self.assertEqual(order.tests, [test.id() for test in select([], [])])

    def test_the_exit_codes_are_those_of_the_command(self):
        documented = [f"{code:4} {text}" for code, (text,) in table(README, "exit code").items()]
        told = perf.EXAMPLES.split("exit codes:\n")[1].splitlines()
        self.assertEqual(documented, [line.strip() for line in told])

    def test_history_is_as_long_as_it_says(self):
        self.assertIn(f"the last {perf.HISTORY_LENGTH} runs", README)


class SettingTests(SimpleTestCase):
    def test_each_setting_is_there_with_its_variable_default_and_limits(self):
        documented = {
            tuple(re.findall(r"\w+", key)): (cells[0].strip("`"), cells[1])
            for key, cells in table(PERFTESTS, "setting and variable").items()
        }
        real = {}
        for name in known_names():
            setting = vars(Configuration)[name]
            default = "(unset)" if setting.default is None else str(setting.default)
            real[name, setting.variable] = (default, setting.allowed)
        self.assertEqual(documented, real)

    def test_the_readme_has_the_same(self):
        documented = {
            (name, variable.strip("`")): default.strip("`")
            for name, (variable, default) in table(README, "setting").items()
        }
        full = table(PERFTESTS, "setting and variable").items()
        short = {tuple(re.findall(r"\w+", key)): cells[0].strip("`") for key, cells in full}
        self.assertEqual(documented, short)

    def test_every_variable_that_the_code_names_is_there(self):
        named = set(re.findall(r"\bPERF_[A-Z_]*[A-Z]\b", source()))
        self.assertIn("PERF_DATABASE_NAME", named)
        self.assertEqual(named - set(re.findall(r"`(PERF_\w+)`", PERFTESTS)), set())

    def test_the_settings_of_notifications_it_names_exist(self):
        foreign = {"DEBUG", "SECRET_KEY", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "CONN_MAX_AGE"}
        foreign |= {"DATABASE_URL", "REDIS_URL", "CHANNEL_LAYERS", "INSTALLED_APPS"}
        for name in ("security", "scaling"):
            named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)*)`", OURS[name])) - foreign
            self.assertTrue(all(hasattr(get_settings(), key) for key in named), named)


class RowTests(SimpleTestCase):
    maxDiff = None

    def test_every_row_is_there_with_its_title(self):
        tests_of_suites = groupby(select([], [], everything=True), key=lambda test: test.suite)
        real = "\n\n".join(
            f"#### `{suite}`\n\n| row | what |\n| --- | --- |\n"
            + "\n".join(f"| {test.row} | {test.title} |" for test in tests)
            for suite, tests in tests_of_suites
        )
        documented = README[README.index("#### `") : README.index("`perf --list` prints")].strip()
        self.assertEqual(documented, real, "Put the second into perftests/README.md.")


class ExampleTests(TransactionTestCase):
    """The class of the README, in an app of its own, run by the real command."""

    def test_it_runs_and_its_report_is_as_described(self):
        [example] = blocks(README, "python")
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
        documented = {kind: table(README, kind) for kind in ("report", "result", "metric")}
        [result] = report["results"]
        real = {"report": report, "result": result, "metric": result["metrics"][0]}
        for kind, fields in real.items():
            with self.subTest(kind):
                self.assertEqual(list(documented[kind]), list(fields))
        self.assertEqual(documented["report"]["format_version"], [f"`{FORMAT_VERSION}`"])
        named = re.findall(r"`(\w+)`", documented["report"]["parameters"][0])
        self.assertEqual(named, list(report["parameters"]))


class MeasuringTests(SimpleTestCase):
    def test_its_figures_are_those_of_the_code(self):
        for figure in (
            f"busy more than {100 * SATURATED:.0f} % of the time",
            f"fewer than {MINIMUM_CYCLES} cycles for a leak",
            f"after a warm-up, at least {MINIMUM_CYCLES} cycles count",
            f"a floor ({SETTLING_BYTES // 1024**2} MiB over all cycles)",
            f"({RESAMPLES:,} resamples",
            f"p99 needs {100 * SAMPLES_BEYOND_PERCENTILE:,}",
            f"significant (Mann–Kendall, {100 * SIGNIFICANCE:.0f} %)",
        ):
            with self.subTest(figure):
                self.assertIn(figure, " ".join(MEASURING.split()))


class ScalingTests(SimpleTestCase):
    def test_its_server_commands_are_those_that_are_measured(self):
        for server in ("daphne", "uvicorn"):
            quoted = commands(SCALING, [server])
            application = "notifyproject.asgi:application"
            self.assertEqual(quoted, [command(server, p, application) for p in (8001, 8002)])

    def test_the_unit_starts_the_same_command(self):
        [unit] = blocks(SCALING, "ini")
        started = re.search(r"ExecStart=/srv/notify/venv/bin/(.*)", unit)[1]
        quoted = commands(SCALING, ["daphne"])[0]
        self.assertEqual(shlex.split(started.replace("%i", "8001")), quoted)

    def test_the_proxy_waits_longer_than_the_server(self):
        for seconds in re.findall(r"proxy_(?:read|send)_timeout (\d+)s;", SCALING):
            self.assertGreater(int(seconds), get_settings().HEARTBEAT_TIMEOUT_SECONDS)

    def test_its_layers_can_be_made(self):
        made = []
        for example in blocks(SCALING, "python"):
            names = {}
            exec(example, names)
            made.append(RedisChannelLayer(**names["CHANNEL_LAYERS"]["default"]["CONFIG"]))
        self.assertEqual([len(layer.hosts) for layer in made], [1, 2])


class ReferenceTests(SimpleTestCase):
    def test_links_between_documents_lead_somewhere(self):
        for path in DOCUMENTS:
            for target in re.findall(r"\]\(([^):]*\.md(?:#[\w-]+)?|#[\w-]+)\)", path.read_text()):
                file, _, anchor = target.partition("#")
                linked = path.parent / file if file else path
                with self.subTest(f"{path.name}: {target}"):
                    self.assertTrue(linked.is_file())
                    headings = re.findall(r"^#+ (.*)$", linked.read_text(), re.MULTILINE)
                    self.assertIn(anchor or slug(headings[0]), map(slug, headings))

    def test_every_name_of_the_code_that_is_quoted_exists(self):
        for name, text in OURS.items():
            for quoted in re.findall(r"`((?:notifications|perftests)(?:\.\w+)+)", text):
                with self.subTest(f"{name}: {quoted}"):
                    self.assertTrue(exists(quoted))

    def test_every_message_that_is_explained_is_one(self):
        for message in (
            "ended before it was ready",
            "It said at last:",
            "may not create the test database",
            "The database cannot be used, check DATABASE_URL",
            "the load generator was busy",
            "of the offered rate was reached",
            "None answers at",
            "The run was stopped after RUN_TIMEOUT_SECONDS",
        ):
            with self.subTest(message):
                self.assertIn(message, README)
                self.assertIn(message, source())


def exists(name):
    """Whether it is a module, which need not be one that can be imported here, or in one."""
    with suppress(ModuleNotFoundError):
        if find_spec(name):
            return True
    with suppress(ModuleNotFoundError, AttributeError):
        resolve_name(name)
        return True
    return False


def forget(package):
    """Let the package be imported anew, from another place."""
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]

"""`manage.py perf`: measure, store, print."""

import signal
import sys
from argparse import RawDescriptionHelpFormatter
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

from django.core.management import CommandError, CommandParser, call_command
from django.core.management.base import DjangoHelpFormatter
from django.db import OperationalError
from django.utils.timezone import localtime
from django_rich.management import RichCommand
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from perftests import store
from perftests.conf import SCALES, SERVERS, configuration, require_valid
from perftests.exceptions import PerftestsError
from perftests.measure.results import Report
from perftests.measure.targets import Verdict
from perftests.models import PerfRun
from perftests.parent import Order, Run
from perftests.reports import console, json
from perftests.reports.progress import RunProgress
from perftests.selection import select
from perftests.testcases import PerformanceTestCase

T = TypeVar("T", bound=str)

HISTORY_LENGTH = 20
EXIT_NOT_PASSED = 1
EXIT_WRONG_USAGE = 2
EXIT_BY_SIGNAL = 128  # and the signal's number, as shells count it

EXAMPLES = f"""
examples:
  manage.py perf                                   measure, store and print the run
  manage.py perf --scale smoke                     the same, small and quick
  manage.py perf --suites notification websocket   two suites
  manage.py perf --suites engine                   against the alternatives, only when it is named
  manage.py perf myapp.tests.perf                  performance tests of your own app
  manage.py perf myapp.tests.perf.MyTests.test_one
  manage.py perf --label "before the upgrade" --output report.json
  manage.py perf --fail-fast                       stop at the first test that fails
  manage.py perf --list                            what there is to measure
  manage.py perf history                           the last {HISTORY_LENGTH} runs
  manage.py perf show 12                           the report of run 12 again

exit codes:
  0    every asked target is met
  1    a target is missed or inconclusive, a test failed, or the run was aborted
  2    wrong usage; nothing was run
  130  interrupted with Ctrl-C; what was measured is stored as an aborted run
  143  asked to end (SIGTERM); the same
"""


class HelpFormatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Django's order of options, our own line breaks."""


class Command(RichCommand):
    help = "Measure performance under load, store the run and print its report."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"formatter_class": HelpFormatter, "epilog": EXAMPLES}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "labels",
            nargs="*",
            metavar="LABEL",
            help="A package, module, class or test, dotted; or: history; or: show RUN.",
        )
        parser.add_argument(
            "--suites", nargs="+", default=[], metavar="NAME", help="Only tests of these suites."
        )
        parser.add_argument(
            "--scale",
            metavar="{" + ",".join(SCALES) + "}",
            help="How big the workloads are (default: standard).",
        )
        parser.add_argument(
            "--server",
            metavar="{" + ",".join(SERVERS) + "}",
            help="The server to put under load (default: daphne).",
        )
        parser.add_argument("--output", type=Path, metavar="FILE", help="Also write JSON to FILE.")
        parser.add_argument("--label", default="", metavar="TEXT", help="A name for this run.")
        parser.add_argument(
            "--fail-fast",
            "--failfast",
            action="store_true",
            help="Start no further test after one that failed.",
        )
        parser.add_argument(
            "--list", action="store_true", dest="list_tests", help="List the tests and run none."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        labels: list[str] = options["labels"]
        try:
            match labels:
                case ["history"]:
                    self._print_history()
                case ["show", *numbers]:
                    self._show(numbers, options["output"])
                case _ if options["list_tests"]:
                    self._print_tests(select(labels, options["suites"], everything=True))
                case _:
                    self._run(labels, options)
        except PerftestsError as error:
            raise CommandError(str(error), returncode=EXIT_WRONG_USAGE) from error
        except KeyboardInterrupt:
            sys.exit(EXIT_BY_SIGNAL + signal.SIGINT)

    def _run(self, labels: list[str], options: dict[str, Any]) -> None:
        order = self._order(labels, options)
        if options["output"]:
            json.require_writable(options["output"])
        migrate()
        with RunProgress(self.console) as progress:
            run = Run(order, progress)
            report = run.execute()
        self._deliver(report, options["output"])
        if run.problem:
            self.stderr.write(run.problem)
        if run.interrupted:
            sys.exit(EXIT_BY_SIGNAL + run.signal)
        if report.verdict is not Verdict.PASS:
            sys.exit(EXIT_NOT_PASSED)

    def _order(self, labels: list[str], options: dict[str, Any]) -> Order:
        require_valid()
        scale = chosen("--scale", options["scale"], SCALES) or configuration.SCALE or "standard"
        server = chosen("--server", options["server"], SERVERS) or configuration.SERVER
        tests = [test.id() for test in select(labels, options["suites"])]
        parameters = {
            "scale": scale,
            "server": server,
            "labels": labels,
            "suites": options["suites"],
            "fail_fast": options["fail_fast"],
        }
        return Order(tests, scale, server, options["label"], parameters, options["fail_fast"])

    def _deliver(self, report: Report, output: Path | None) -> None:
        console.print_report(report, self.console)
        if output:
            json.write(report, output)
            self.console.print(Text(f"The report is in {output}."))

    def _show(self, numbers: list[str], output: Path | None) -> None:
        if len(numbers) != 1 or not numbers[0].isdecimal():
            raise PerftestsError("perf show takes the number of one run; perf history lists them.")
        if output:
            json.require_writable(output)
        migrate()
        try:
            stored = PerfRun.objects.get(pk=int(numbers[0]))
        except PerfRun.DoesNotExist:
            raise PerftestsError(
                f"There is no run {numbers[0]}; perf history lists those there are."
            ) from None
        self._deliver(store.load(stored), output)

    def _print_history(self) -> None:
        migrate()
        table = Table("Run", "Started", "Verdict", "State", "Passed", "Time", box=SIMPLE_HEAD)
        table.add_column("Label")
        for run in store.recent(HISTORY_LENGTH):
            verdict = Verdict(run.verdict)
            table.add_row(
                str(run.pk),
                f"{localtime(run.started_at):%Y-%m-%d %H:%M}",
                Text(verdict, style=console.VERDICT_STYLES[verdict]),
                run.current_state,
                f"{run.passed}/{run.passed + run.failed + run.undecided}",
                console.duration(run.seconds),
                Text(run.label),
            )
        self.console.print(table if table.row_count else "No run is stored yet.")

    def _print_tests(self, tests: list[PerformanceTestCase]) -> None:
        for suite, members in groupby(tests, key=lambda test: test.suite):
            self.console.print(Text(suite, style="bold"))
            for test in members:
                self.console.print(Text(f"  {test.row:4} {test.title}"), soft_wrap=True)
                self.console.print(Text(f"       {test.id()}", style="dim"), soft_wrap=True)


def chosen(option: str, value: str | None, choices: tuple[T, ...]) -> T | None:
    """The choice that an option names; `None` if it was not given."""
    for choice in choices:
        if choice == value:
            return choice
    if value is None:
        return None
    raise PerftestsError(f"{option} is {value!r}; it must be one of {', '.join(choices)}.")


def migrate() -> None:
    """Bring the project's database up to date, so that a fresh checkout needs no other step."""
    try:
        call_command("migrate", verbosity=0, interactive=False)
    except OperationalError as error:
        reason = " ".join(str(error).split())
        raise PerftestsError(
            f"The database cannot be used, check DATABASE_URL: {reason}"
        ) from error

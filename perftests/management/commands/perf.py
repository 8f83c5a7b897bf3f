"""`manage.py perf`: measure, store, print."""

import signal
import sys
from argparse import SUPPRESS
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from django.core.management import CommandError, CommandParser
from django_rich.management import RichCommand
from rich.console import Console
from rich.text import Text

from perftests.compare.options import add_options as add_options_of_a_comparison
from perftests.conf import SCALES, SERVERS, configuration, require_valid
from perftests.exceptions import PerftestsError
from perftests.management.commands import _watching
from perftests.management.commands._baseline import add_option, baseline, print_beside
from perftests.management.commands._help import EXAMPLES, HelpFormatter
from perftests.management.commands._options import chosen, destinations, label_of, scale_of
from perftests.management.commands._stored import (
    ACTIONS,
    Action,
    add_options,
    database_used,
    migrate,
    refuse_stray_options,
)
from perftests.measured import require_notifications
from perftests.records.results import Report
from perftests.reports import listing, streams
from perftests.reports.console import abridged
from perftests.reports.delivery import Delivery
from perftests.reports.exports.formats import ENDINGS, FORMATS, Destination
from perftests.reports.gate import OF_A_COMPARISON, OF_A_RUN, is_shut
from perftests.reports.progress import RunProgress
from perftests.run.manager import Run
from perftests.run.order import Order
from perftests.runner.selection import changed_workloads, require_workloads, select
from perftests.watch.turns import Measure, Watch

if TYPE_CHECKING:
    from perftests.compare import against

EXIT_NOT_PASSED = 1
EXIT_WRONG_USAGE = 2
EXIT_BY_SIGNAL = 128  # and the signal's number, as shells count it


class Command(RichCommand):
    help = "Measure performance under load, store the run and print its report."

    def __init__(
        self,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        no_color: bool = False,
        force_color: bool = False,
    ) -> None:
        streams.open_missing()
        errors = streams.Unfailing(stderr or sys.stderr)
        super().__init__(stdout, cast(TextIO, errors), no_color, force_color)

    def make_rich_console(self, **options: Any) -> Console:
        self._printed = streams.Unfailing(options["file"])
        return super().make_rich_console(**{**options, "file": self._printed})

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"formatter_class": HelpFormatter, "epilog": EXAMPLES}
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        # Else a label after an option is refused: argparse gives "*" the first words alone.
        parser.parse_args = parser.parse_intermixed_args  # type: ignore[method-assign]
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "labels",
            nargs="*",
            metavar="LABEL",
            help="A row (N7); a package, module, class or test, dotted; or what to do with stored "
            "runs: history [ROW…]; show RUN; compare RUN RUN…; import FILE; prune; pin RUN…; "
            "unpin RUN…; or watch [LABEL…], which measures and tells who subscribes what has "
            "become worse.",
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
        parser.add_argument(
            "--report",
            nargs="+",
            action="extend",
            default=[],
            metavar="FILE",
            help=f"Also write reports, by their ending ({', '.join(ENDINGS)}) or as KIND:FILE; "
            f"kinds: {', '.join(FORMATS)}.",
        )
        parser.add_argument("--label", default="", metavar="TEXT", help="A name for this run.")
        parser.add_argument(
            "--fail-fast",
            "--failfast",
            action="store_true",
            help="Start no further test after one that failed.",
        )
        parser.add_argument(
            "--fail-on",
            metavar="{required,goal,regression,never}",
            help="What ends with exit code 1 (default: required; with --against: regression).",
        )
        add_option(parser)
        add_options_of_a_comparison(parser)
        add_options(parser)
        _watching.add_option(parser)
        parser.add_argument(
            "--list", action="store_true", dest="list_tests", help="List the tests and run none."
        )
        parser.add_argument(
            "--verbose",
            action="store_const",
            const=2,
            dest="verbosity",
            default=SUPPRESS,
            help="The same as --verbosity 2: every number, also of the workloads in --list.",
        )

    def check(self, *args: Any, **kwargs: Any) -> None:
        """Django's, some of which ask the database what it can do."""
        try:
            with database_used():
                super().check(*args, **kwargs)
        except PerftestsError as error:
            raise CommandError(str(error), returncode=EXIT_WRONG_USAGE) from error

    def handle(self, *args: Any, **options: Any) -> None:
        labels: list[str] = options["labels"]
        try:
            options["label"] = label_of(options)
            refuse_stray_options(labels, options)
            match labels:
                case [word, *words] if action := ACTIONS.get(word):
                    self._act(action, words, options)
                case ["watch", *words]:
                    self._watch(words, options)
                case _ if options["against"] is not None:
                    self._compare(labels, options)
                case _ if options["list_tests"]:
                    self._print_tests(labels, options)
                case _:
                    self._run(labels, options)
        except PerftestsError as error:
            raise CommandError(str(error), returncode=EXIT_WRONG_USAGE) from error
        except KeyboardInterrupt:
            sys.exit(EXIT_BY_SIGNAL + signal.SIGINT)

    def _act(self, action: Action, words: list[str], options: dict[str, Any]) -> None:
        if not action(words, options, self._delivery(detail=True)):
            sys.exit(EXIT_NOT_PASSED)
        self._require_printed()

    def _compare(self, labels: list[str], options: dict[str, Any]) -> None:
        order, reports = self._pairs(labels, options), destinations(options)
        gate = chosen("--fail-on", options["fail_on"], OF_A_COMPARISON) or "regression"
        migrate()
        stored, whole = self._compared(order, reports)
        if is_shut(gate, stored) or not whole:
            sys.exit(EXIT_NOT_PASSED)
        self._require_printed()

    def _pairs(self, labels: list[str], options: dict[str, Any]) -> "against.Order":
        require_valid()
        require_notifications("--against")
        from perftests.compare import against  # which samples what needs the app's models

        server = chosen("--server", options["server"], SERVERS) or configuration.SERVER
        return against.order(labels, options, server)

    def _compared(
        self, order: "against.Order", reports: list[Destination], *, watched: bool = False
    ) -> tuple[Report, bool]:
        """The stored report of a comparison, and whether it was delivered as a whole."""
        from perftests.compare import against

        try:
            report = against.compare(order, self.console, watched=watched)
        except against.Stopped as stopped:
            sys.exit(EXIT_BY_SIGNAL + stopped.number)
        return report, self._delivery(detail=False).deliver(report, reports)

    def _run(self, labels: list[str], options: dict[str, Any]) -> None:
        order = self._order(labels, options)
        reports = destinations(options)
        gate = chosen("--fail-on", options["fail_on"], OF_A_RUN) or "required"
        migrate()
        earlier = None if options["baseline"] is None else baseline(options["baseline"])
        detail = options["verbosity"] > 1
        delivery = self._delivery(detail=detail)
        report, whole = self._measured(order, reports, delivery)
        if earlier:
            print_beside(earlier, report, delivery, detail=detail)
        if is_shut(gate, report) or not whole:
            sys.exit(EXIT_NOT_PASSED)

    def _measured(
        self, order: Order, reports: list[Destination], delivery: Delivery
    ) -> tuple[Report, bool]:
        """The report of a run, and whether nothing is missing of it; a signal ends the command."""
        with RunProgress(self.console) as progress:
            run = Run(order, progress)
            report = run.execute()
        delivered = delivery.deliver(report, reports)
        if run.problem:
            self.stderr.write(run.problem)
        if run.missing:
            self.stderr.write(f"Without a result: {abridged(run.missing)}.")
        if run.interrupted:
            sys.exit(EXIT_BY_SIGNAL + run.signal)
        return report, delivered and not (run.problem or run.missing)

    def _watch(self, labels: list[str], options: dict[str, Any]) -> None:
        every = _watching.every_seconds(options)
        options = {**options, "label": options["label"] or "watch"}
        delivery = self._delivery(detail=options["verbosity"] > 1)
        if options["against"] is not None:
            pairs = self._pairs(labels, options)
            watch = self._watching(lambda: self._compared(pairs, [], watched=True)[1])
        else:
            order = replace(self._order(labels, options), watched=True)
            watch = self._watching(lambda: self._measured(order, [], delivery)[1])
        migrate()
        if every is not None:
            watch.forever(every)
        elif not watch.once():
            sys.exit(EXIT_NOT_PASSED)

    def _watching(self, measure: Measure) -> Watch:
        return Watch(measure, lambda line: self.console.print(Text(line)), self.stderr.write)

    def _order(self, labels: list[str], options: dict[str, Any]) -> Order:
        require_valid()
        scale = scale_of(options)
        server = chosen("--server", options["server"], SERVERS) or configuration.SERVER
        tests = select(labels, options["suites"])
        require_workloads(tests, scale)
        parameters = {
            "scale": scale,
            "server": server,
            "labels": labels,
            "suites": options["suites"],
            "fail_fast": options["fail_fast"],
            "workloads": changed_workloads(tests, scale),
        }
        ids = [test.id() for test in tests]
        return Order(ids, scale, server, options["label"], parameters, options["fail_fast"])

    def _delivery(self, *, detail: bool) -> Delivery:
        return Delivery(self.console, self._printed, self.stderr.write, detail=detail)

    def _require_printed(self) -> None:
        """For what has nothing to do but to print."""
        if self._printed.broken:
            raise CommandError(self._printed.complaint, returncode=EXIT_NOT_PASSED)

    def _print_tests(self, labels: list[str], options: dict[str, Any]) -> None:
        require_valid()
        tests = select(labels, options["suites"], everything=True)
        require_workloads(tests, scale_of(options))
        listing.print_tests(tests, self.console, workloads=options["verbosity"] > 1)
        self._require_printed()

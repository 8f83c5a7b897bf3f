"""A report on its way to its reader: into a file, then to the terminal, as far as that goes."""

from collections.abc import Callable, Iterable

from rich.console import Console
from rich.text import Text

from ..exceptions import UnwritableOutput
from ..records.results import Report
from . import console
from .exports.formats import Destination
from .streams import Unfailing
from .verdict import print_verdict


class Delivery:
    """Writes and prints reports; what fails is told on the stream for errors, and stops nothing.

    `printed` is the stream that `terminal` writes to. With `detail` every metric is printed before
    the verdict.
    """

    def __init__(
        self,
        terminal: Console,
        printed: Unfailing,
        complain: Callable[[str], object],
        *,
        detail: bool,
    ) -> None:
        self.terminal = terminal
        self._printed = printed
        self.complain = complain
        self._detail = detail

    @property
    def unprinted(self) -> bool:
        """Whether something could not be printed though somebody was there to read it."""
        return self._printed.broken

    def deliver(self, report: Report, destinations: Iterable[Destination]) -> bool:
        """Write the report to its files, then print it; whether all were written."""
        outcomes = {destination: write(report, destination) for destination in destinations}
        if self._detail:
            console.print_report(report, self.terminal)
        print_verdict(report, self.terminal)
        self._tell_where(report)
        for destination, unwritten in outcomes.items():
            if unwritten:
                self.complain(unwritten + again(report, "--report FILE writes it"))
            else:
                self.terminal.print(Text(f"The report is in {destination.path}."))
        if self.unprinted:
            self.complain(self._printed.complaint + again(report, "prints it"))
        return not any(outcomes.values())

    def _tell_where(self, report: Report) -> None:
        if not self._detail and report.run is not None:
            self.terminal.print()
            self.terminal.print(Text(f"Every number of it: perf show {report.run}"), style="dim")


def write(report: Report, destination: Destination) -> str:
    """Why the report could not be written there; empty where it is."""
    try:
        destination.write(report)
    except UnwritableOutput as error:
        return str(error)
    return ""


def again(report: Report, what: str) -> str:
    """Where a report is that could not be delivered, if its run could be stored."""
    return (
        "" if report.run is None else f" Run {report.run} is stored: perf show {report.run} {what}."
    )

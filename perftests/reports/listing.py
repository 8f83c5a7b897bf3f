"""What there is: the stored runs, and the tests that can be run."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..conf import SCALES
from ..models import PerfRun
from ..records.targets import Verdict
from ..records.workload import size_text
from ..testcases import PerformanceTestCase
from ..workloads import Workload, parameters, set_by_project
from .console import VERDICT_STYLES, duration, local


def history(runs: Iterable[PerfRun]) -> Table:
    """Stored runs that were read with their counts, a row for each."""
    table = Table("Run", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))  # for 80 columns
    for name in ("Started", "Verdict", "State", "Passed", "Time", "Label"):
        table.add_column(name)
    for run in runs:
        verdict = Verdict(run.verdict)
        table.add_row(
            str(run.pk),
            f"{local(run.started_at):%Y-%m-%d %H:%M}",
            Text(verdict, style=VERDICT_STYLES[verdict]),
            run.current_state,
            f"{run.passed}/{run.passed + run.failed + run.undecided}",
            duration(run.seconds),
            Text(
                ", ".join(
                    filter(None, [run.short_label, "pinned" if run.pinned else "", *run.own_rows])
                )
            ),
        )
    return table


def print_tests(
    tests: Iterable[PerformanceTestCase], console: Console, *, workloads: bool = False
) -> None:
    """Tests under their suites, each with the label that runs it and, if asked, its numbers."""
    for suite, members in groupby(tests, key=lambda test: test.suite):
        console.print(Text(suite, style="bold"))
        for test in members:
            console.print(Text(f"  {test.row:4} {test.title}"), soft_wrap=True)
            console.print(Text(f"       {test.id()}", style="dim"), soft_wrap=True)
            for line in workload_lines(test) if workloads else ():
                console.print(Text(f"       {line}"), soft_wrap=True)


def workload_lines(test: PerformanceTestCase) -> Iterator[str]:
    """What the workload of a test consists of: value at each scale, least value and meaning."""
    kind = test.workload_kind or Workload
    for name, parameter in parameters(kind).items():
        sizes = [size_text(size) for size in parameter.sizes.values()]
        usual = " / ".join(sizes if len(set(sizes)) > 1 else sizes[:1])
        if set_by_project(test.row, name):
            own = parameter.chosen(test.row, SCALES[0]).value
            usual = f"{size_text(own)} instead of {usual}"
        least = size_text(parameter.least)
        yield f"{name}: {usual}; at least {least}; {parameter.meaning}"

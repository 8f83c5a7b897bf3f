"""`perf --baseline`: the run that has just ended, beside an earlier one."""

from collections.abc import Callable

from django.core.management import CommandParser
from django.db import Error

from perftests import store
from perftests.exceptions import PerftestsError
from perftests.lab.earlier import with_latest
from perftests.management.commands._stored import find
from perftests.records.results import Report
from perftests.reports.delivery import Delivery
from perftests.reports.side_by_side.comparison import Comparison, compare
from perftests.reports.side_by_side.printing import print_comparison

LATEST = "latest"
NONE_YET = (
    "No earlier run can be compared with: none is finished, of these tests and workloads and "
    "under the same conditions."
)

Baseline = Callable[[Report], Comparison | None]
"""It compares a run that has ended with an earlier one; `None` where there is none."""


def add_option(parser: CommandParser) -> None:
    """The option itself."""
    parser.add_argument(
        "--baseline",
        metavar="RUN",
        help="At the end, print the run beside this stored one; latest is the last that is alike.",
    )


def baseline(option: str) -> Baseline:
    """What the option stands for, read before anything runs."""
    if option == LATEST:
        return with_latest
    if not option.isdecimal():
        raise PerftestsError(
            f"--baseline is {option!r}; it must be the number of a stored run, or {LATEST}."
        )
    earlier = store.readable(find(option))
    return lambda report: compare([earlier, report])


def print_beside(baseline: Baseline, report: Report, delivery: Delivery, *, detail: bool) -> None:
    """Print the comparison, or why there is none."""
    try:
        comparison = baseline(report)
    except Error as error:
        reason = " ".join(str(error).split())
        delivery.complain(f"The run to compare with cannot be read: {reason}")
        return
    delivery.terminal.print()
    if comparison is None:
        delivery.terminal.print(NONE_YET)
    else:
        print_comparison(comparison, delivery.terminal, detail=detail)

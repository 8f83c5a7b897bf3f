"""`perf watch`: its option, and what it does not take."""

import re
from typing import Any

from django.core.management import CommandParser

from perftests.exceptions import PerftestsError
from perftests.management.commands._options import given

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
PERIOD = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
OF_ONE_RUN = ("output", "report", "baseline", "fail_on", "list_tests")


def add_option(parser: CommandParser) -> None:
    """The option itself."""
    parser.add_argument(
        "--every",
        metavar="TIME",
        help="With watch: measure again so often, such as 30m, 1h or 1d (default: once).",
    )


def every_seconds(options: dict[str, Any]) -> float | None:
    """The time that the option stands for; raises `PerftestsError` for what watch does not take."""
    if stray := given(OF_ONE_RUN, options):
        raise PerftestsError(f"perf watch takes no {stray}; perf show writes and prints its runs.")
    value = options["every"]
    if value is None:
        return None
    found = PERIOD.fullmatch(value)
    seconds = float(found[1]) * SECONDS[found[2]] if found else 0.0
    if not seconds:
        raise PerftestsError(f"--every is {value!r}; it must be a time such as 30m, 1h or 1d.")
    return seconds

"""What `perf` can be told about a comparison; known also where nothing of ours can be compared."""

from django.core.management import CommandParser

from .verdicts import LATER_LOOKS

MOST_PAIRS = LATER_LOOKS[-1]
BUDGET_SECONDS = 600.0


def add_options(parser: CommandParser) -> None:
    """Add the options of `perf` that belong to a comparison."""
    parser.add_argument(
        "--against",
        metavar="REF",
        help="Compare the code as it is here with a commit, branch or tag, or with a release as "
        "pypi:VERSION, in pairs; . compares it with itself, which shows the noise.",
    )
    parser.add_argument(
        "--pairs",
        type=int,
        metavar="N",
        help=f"With --against: at most so many pairs (default: {MOST_PAIRS}).",
    )
    parser.add_argument(
        "--budget",
        type=float,
        metavar="SECONDS",
        help=f"With --against: begin no further pairs after it (default: {BUDGET_SECONDS:g}).",
    )

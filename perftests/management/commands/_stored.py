"""What `perf` does with stored runs: a word for each, such as `perf show 12`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management import CommandParser
from django.db import Error
from rich.text import Text

from perftests import pruning, store
from perftests.exceptions import PerftestsError
from perftests.management.commands._help import HISTORY_LENGTH
from perftests.management.commands._options import at_least_0, destinations, given
from perftests.models import PerfRun
from perftests.reports import changes, listing, trends
from perftests.reports.delivery import Delivery
from perftests.reports.importing import read_whole
from perftests.reports.side_by_side import comparison as comparing
from perftests.reports.side_by_side.printing import print_comparison

Action = Callable[[list[str], dict[str, Any], Delivery], bool]
"""It takes the words that follow its own, and says whether all went well."""

PRUNE = ("keep", "older_than", "dry_run")
MEASURING = ("suites", "scale", "server", "label", "fail_fast", "fail_on", "against", "list_tests")
WRITING = ("output", "report")
MEASURED = ("against", "baseline", "fail_fast", "fail_on", "label", *WRITING)
PAIRS = ("pairs", "budget")


def add_options(parser: CommandParser) -> None:
    """The options of `perf prune`."""
    parser.add_argument("--keep", metavar="N", help="With prune: leave the newest N runs.")
    parser.add_argument(
        "--older-than", metavar="DAYS", help="With prune: leave runs of the last DAYS days."
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="With prune: only say how many runs it would delete."
    )


def history(words: list[str], options: dict[str, Any], delivery: Delivery) -> bool:
    """Print the newest runs and what has changed with them; or the metrics of some rows."""
    migrate()
    found = trends.read(words)
    if words:
        changes.print_rows(found, delivery.terminal)
    elif runs := list(store.recent(HISTORY_LENGTH)):
        delivery.terminal.print(listing.history(runs))
        changes.print_steps(found, runs, delivery.terminal)
    else:
        delivery.terminal.print("No run is stored yet.")
    return True


def show(words: list[str], options: dict[str, Any], delivery: Delivery) -> bool:
    """Print the report of a run, and write it to files."""
    require_numbers(words, len(words) == 1, "perf show takes the number of one run")
    reports = destinations(options)
    migrate()
    report = store.load(find(words[0]))
    return delivery.deliver(report, reports) and not delivery.unprinted


def compare(words: list[str], options: dict[str, Any], delivery: Delivery) -> bool:
    """Print runs side by side."""
    require_numbers(words, len(words) > 1, "perf compare takes the numbers of two runs or more")
    migrate()
    runs = [find(word) for word in words]
    if len({run.pk for run in runs}) < len(runs):
        raise PerftestsError("perf compare takes different runs, and one of these is named twice.")
    comparison = comparing.compare([store.readable(run) for run in runs])
    print_comparison(comparison, delivery.terminal, detail=options["verbosity"] > 1)
    return True


def import_(words: list[str], options: dict[str, Any], delivery: Delivery) -> bool:
    """Store a report that was written elsewhere."""
    if len(words) != 1:
        raise PerftestsError("perf import takes one JSON report, as --output has written it.")
    report = read_whole(Path(words[0]))
    migrate()
    run = store.keep(report)
    delivery.terminal.print(f"The report is stored as run {run.pk}: perf show {run.pk}")
    return True


def prune(words: list[str], options: dict[str, Any], delivery: Delivery) -> bool:
    """Delete old runs, or say how many that would be."""
    keep = at_least_0("--keep", options["keep"], int)
    older_than = at_least_0("--older-than", options["older_than"], float)
    if words or (keep is None and older_than is None):
        raise PerftestsError("perf prune takes --keep N, --older-than DAYS or both.")
    migrate()
    runs = pruning.prunable(keep or 0, older_than or 0)
    if options["dry_run"]:
        delivery.terminal.print(f"Runs that would be deleted: {len(runs)}.")
    else:
        delivery.terminal.print(f"Runs deleted: {pruning.prune(runs)}.")
    return True


def pinning(pinned: bool) -> Action:
    """What pins runs, so that `prune` leaves them, or unpins them."""

    def act(words: list[str], options: dict[str, Any], delivery: Delivery) -> bool:
        require_numbers(words, bool(words), "perf pin and perf unpin take numbers of runs")
        migrate()
        runs = [find(word) for word in words]
        store.pin(runs, pinned=pinned)
        what = "is pinned: perf prune leaves it" if pinned else "is not pinned any more"
        for run in runs:
            delivery.terminal.print(Text(f"{run} {what}."))
        return True

    return act


ACTIONS: dict[str, Action] = {
    "history": history,
    "show": show,
    "compare": compare,
    "import": import_,
    "prune": prune,
    "pin": pinning(True),
    "unpin": pinning(False),
}


def require_numbers(words: list[str], enough: bool, takes: str) -> None:
    """Raise `PerftestsError` unless all of these words are numbers, and are as many as it takes."""
    if not (enough and all(word.isdecimal() for word in words)):
        raise PerftestsError(f"{takes}; perf history lists them.")


def refuse_stray_options(words: list[str], options: dict[str, Any]) -> None:
    """Raise `PerftestsError` for options of one way to use `perf` where another was asked for."""
    if any(options[name] for name in PRUNE) and words[:1] != ["prune"]:
        raise PerftestsError("--keep, --older-than and --dry-run go with perf prune.")
    if options["every"] is not None and words[:1] != ["watch"]:
        raise PerftestsError("--every goes with perf watch.")
    if options["baseline"] is not None and (
        options["against"] is not None or (words[:1] and words[0] in ACTIONS)
    ):
        raise PerftestsError("--baseline goes with a run; perf compare takes stored ones.")
    if options["against"] is None and any(options[name] is not None for name in PAIRS):
        raise PerftestsError("--pairs and --budget go with --against.")
    if words and words[0] in ACTIONS:
        _refuse_options_of_a_run(words[0], options)
    elif options["list_tests"] and words[:1] != ["watch"]:
        _refuse_options_of_a_measurement(options)


def _refuse_options_of_a_run(word: str, options: dict[str, Any]) -> None:
    others = MEASURING if word == "show" else (*MEASURING, *WRITING)
    if stray := given(others, options):
        raise PerftestsError(f"perf {word} takes no {stray}.")


def _refuse_options_of_a_measurement(options: dict[str, Any]) -> None:
    if stray := given(MEASURED, options):
        raise PerftestsError(f"--list runs no test; it takes no {stray}.")


def find(number: str) -> PerfRun:
    """The stored run of this number, in decimal digits."""
    try:
        return PerfRun.objects.get(pk=int(number))
    except (PerfRun.DoesNotExist, OverflowError, ValueError):  # or a number of any length
        raise PerftestsError(
            f"There is no run {number}; perf history lists those there are."
        ) from None


@contextmanager
def database_used() -> Iterator[None]:
    """Raise `PerftestsError`, in one sentence, where the database of the results fails."""
    try:
        yield
    except Error as error:
        reason = " ".join(str(error).split())
        raise PerftestsError(
            f"The database cannot be used, check DATABASE_URL: {reason}"
        ) from error


def migrate() -> None:
    """Let the project's database be one that stores runs."""
    with database_used():
        store.prepare()

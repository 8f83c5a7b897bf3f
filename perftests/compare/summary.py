"""The details of a comparison that no list of its report has room for, for the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from ..measure.stats import median
from .differences import Difference
from .experiment import Ratios
from .reporting import Against

SHOWN_STATEMENT = 200


def print_summary(against: Against, console: Console) -> None:
    """Counts that differ, with of what, and where it comes from."""
    console.print(Text(against.title, style="bold"))
    if against.counted.found:
        _print_differences(against.counted.found, console)
    else:
        console.print(
            "Counted: the same statements, indexes, layer commands, frames, bytes and objects."
        )
    if against.counted.uncounted:
        console.print(f"Instructions are not counted: {against.counted.uncounted}.", style="dim")


def progress(done: int, ratios: Ratios, seconds_left: float) -> str:
    """How far it is: the pairs that are done, what they say by now, the time that is left."""
    now = "  ".join(f"{name} {median(values):.2f}" for name, values in ratios.items() if values)
    return f"{done} pairs done, {seconds_left:.0f} s of the budget left  {now}"


def _print_differences(differences: Sequence[Difference], console: Console) -> None:
    for difference in differences:
        word, style = ("more", "bold red") if difference.more else ("less", "green")
        console.print(Text(f"{word}  ", style=style).append(str(difference), style="not bold"))
        for part in difference.parts:
            short = part if len(part) <= SHOWN_STATEMENT else _shortened(part)
            console.print(Padding(Text(short, style="dim"), (0, 0, 0, 6)))
    console.print()


def _shortened(part: str) -> str:
    """Its two ends, as a long statement begins with what it does, and its origin comes last."""
    half = SHOWN_STATEMENT // 2
    return f"{part[:half]} … {part[-half:]}"

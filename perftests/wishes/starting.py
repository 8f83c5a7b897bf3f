"""From a wish of the admin to a process that carries it out."""

import threading
from collections.abc import Sequence

from ..models import PerfWish
from . import process, queue


def start(arguments: Sequence[str], asked_by: str) -> PerfWish | None:
    """Queue a run with these arguments, and start who carries it out unless there is one already;
    `None` where too many wait."""
    wish = queue.ask(arguments, asked_by)
    if wish is not None and not queue.is_attended(wish):
        attend()
    return wish


def attend() -> None:
    """Start a process that carries out what is queued; it goes on when this one ends."""
    carrier = process.start()
    # Nobody else takes note of its end, as long as this process lives.
    threading.Thread(target=carrier.wait, daemon=True).start()

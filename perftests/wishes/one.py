"""One wish carried out in this process: `perf` with its arguments.

They stand in the row and not on the command line: what somebody has typed into a page is in no
list of processes.
"""

import signal
from typing import Any

from django.core.management import execute_from_command_line
from django.db.models.signals import post_save

from ..models import PerfRun, PerfWish
from . import queue


def carry_out(number: int) -> None:
    """Run the command; whatever run it stores is what the wish has led to."""

    def stored(instance: PerfRun, created: bool, **_: Any) -> None:
        if created:  # also once more, where the database has lost it
            queue.lead_to(number, instance)

    # A site that a script has started in the background may ignore it, and so would we.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    post_save.connect(stored, sender=PerfRun)
    execute_from_command_line(["perf", "perf", *PerfWish.objects.get(pk=number).arguments])

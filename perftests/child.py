"""The measuring process: `python -m perftests.child LABEL…` runs tests and prints their events.

Its standard output carries events alone; whatever tests print goes to standard error.
"""

import os
import sys
from typing import BinaryIO

import django
from django.core.management import CommandError
from django.db import DatabaseError

from .events import Event, Finished, encode


def main(labels: list[str]) -> None:
    stream = claim_stdout()

    def send(event: Event) -> None:
        stream.write(encode(event))
        stream.flush()

    django.setup()
    from .runner import PerformanceTestRunner

    runner = PerformanceTestRunner(verbosity=0, listener=send)
    try:
        runner.run_tests(labels)
    except (CommandError, DatabaseError) as error:
        sys.exit(str(error))
    send(Finished(interrupted=runner.collector.interrupted))


def claim_stdout() -> BinaryIO:
    """The standard output for us alone: prints, here and in child processes, go to stderr."""
    # A duplicate is not inherited, so the end of the stream is the end of this very process.
    stream = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return stream


if __name__ == "__main__":
    main(sys.argv[1:])

"""The measuring process: `python -m perftests.child [--fail-fast] LABEL…` runs tests and prints
their events.

Its standard output carries events alone; whatever tests print goes to standard error. The end of
its standard input means that its parent is gone: it then cleans up and ends, as on Ctrl-C.
"""

import os
import signal
import sys
import threading
from argparse import ArgumentParser
from typing import BinaryIO

import django
from django.core.management import CommandError
from django.db import DatabaseError

from .events import Event, Finished, encode


def main(arguments: list[str]) -> None:
    parser = ArgumentParser()
    parser.add_argument("--fail-fast", action="store_true")
    parser.add_argument("labels", nargs="+")
    order = parser.parse_args(arguments)
    stream = claim_stdout()
    threading.Thread(target=end_with_parent, daemon=True).start()

    def send(event: Event) -> None:
        stream.write(encode(event))
        stream.flush()

    django.setup()
    from .runner import PerformanceTestRunner

    runner = PerformanceTestRunner(verbosity=0, listener=send, failfast=order.fail_fast)
    try:
        runner.run_tests(order.labels)
    except (CommandError, DatabaseError) as error:
        sys.exit(str(error))
    collector = runner.collector
    send(Finished(interrupted=collector.interrupted or not collector.complete))


def claim_stdout() -> BinaryIO:
    """The standard output for us alone: prints, here and in child processes, go to stderr."""
    # A duplicate is not inherited, so the end of the stream is the end of this very process.
    stream = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return stream


def end_with_parent() -> None:
    # Not `sys.stdin`: a thread that waits inside of it would crash the interpreter's shutdown.
    while os.read(0, 1024):
        pass
    signal.raise_signal(signal.SIGINT)


if __name__ == "__main__":
    main(sys.argv[1:])

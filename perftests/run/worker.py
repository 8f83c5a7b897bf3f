"""The measuring process: `worker [--fail-fast] LABEL…` runs tests and prints their events.

Its standard output carries events alone; whatever tests print goes to standard error. The end of
its standard input means that its parent is gone: it then cleans up and ends, as on Ctrl-C.
"""

import os
import signal
import sys
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

import django
from django.core.management import CommandError
from django.db import DatabaseError

from ..conf import configuration
from ..records.events import Event, Finished, encode


def main(arguments: list[str]) -> None:
    parser = ArgumentParser()
    parser.add_argument("--fail-fast", action="store_true")
    parser.add_argument("labels", nargs="+")
    order = parser.parse_args(arguments)
    stream = claim_stdout()
    threading.Thread(target=end_with_parent, daemon=True).start()

    process = os.getpid()

    def send(event: Event) -> None:
        if os.getpid() == process:  # a fork that a test lets run on must not tell it all again
            stream.write(encode(event))
            stream.flush()

    django.setup()
    from ..runner.runner import PerformanceTestRunner

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


def end_with_parent(hear: Callable[[bytes], object] = bytes.strip) -> None:
    """Let `hear` have what the parent writes, as it comes; end this process when no more can come.

    It is for a thread of its own.
    """
    # Not `sys.stdin`: a thread that waits inside of it would crash the interpreter's shutdown.
    while heard := os.read(0, 4096):
        hear(heard)
    os.kill(os.getpid(), signal.SIGINT)  # which the main thread hears in the middle of a wait
    time.sleep(configuration.CLEANUP_TIMEOUT_SECONDS)
    with suppress(ProcessLookupError):  # it leads a group of its own, if `perf` has started it
        os.killpg(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])

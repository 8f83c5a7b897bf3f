"""The process of one side: a server with clients, on which it measures what it is told to.

It reads from its standard input a command at a time, a JSON list with its arguments, and answers
each with a line of JSON. The end of its input means that its parent has done with it, or
is gone: it then cleans up and ends.
"""

import json
import sys
import threading
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import django
from django.core.management import CommandError
from django.db import DatabaseError

from ...run.worker import claim_stdout, end_with_parent

if TYPE_CHECKING:
    from .ruler import Ruler


def main() -> None:
    answers = claim_stdout()
    commands: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=end_with_parent, args=[commands.put], daemon=True).start()
    django.setup()
    try:
        with _ruler() as ruler:
            while True:
                answer = _obey(ruler, commands.get())
                answers.write(json.dumps(answer).encode() + b"\n")
                answers.flush()
    except KeyboardInterrupt:
        # Whoever started it has interrupted both, and tells.
        pass
    except (CommandError, DatabaseError) as error:
        sys.exit(str(error))


def _obey(ruler: "Ruler", command: bytes) -> Any:
    name, *arguments = json.loads(command)
    return getattr(ruler, name)(*arguments)


@contextmanager
def _ruler() -> Iterator["Ruler"]:
    """Within databases for tests alone."""
    from ...runner.runner import PerformanceTestRunner
    from .ruler import Ruler

    runner = PerformanceTestRunner(verbosity=0)
    runner.setup_test_environment()
    unittest.removeHandler()  # of Ctrl-C, which would ask tests to stop, and there are none
    try:
        databases = runner.setup_databases(aliases={"default"}, serialized_aliases=set())
        try:
            with Ruler() as ruler:
                yield ruler
        finally:
            runner.teardown_databases(databases)
    finally:
        runner.teardown_test_environment()


if __name__ == "__main__":
    main()

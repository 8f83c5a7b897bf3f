"""Ordinary tests in several processes, each with a database and a prefix of its own in Redis."""

import copy
import multiprocessing
import os
import signal
import sys
import unittest
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.runner import ParallelTestSuite
from django.test.utils import override_settings

from ..processes.system import end_with_parent, unique

SETUP_ARGUMENTS = 3  # where Django hands on `process_setup_args`, after its counter


def isolated_layers() -> dict[str, Any]:
    """`CHANNEL_LAYERS` with a prefix of this process.

    A Redis may serve a real site as well, whose users must not get the messages of a test.
    """
    layers = copy.deepcopy(getattr(settings, "CHANNEL_LAYERS", {}))
    for layer in layers.values():
        if "hosts" in layer.get("CONFIG", {}):
            layer["CONFIG"]["prefix"] = unique("test")
    return layers


def clone_databases(
    databases: Iterable[BaseDatabaseWrapper], processes: int, *, keepdb: bool
) -> None:
    """Copy each test database for each process.

    Django would copy the file of an SQLite database while the last of it is still in its journal,
    which goes when the connection is closed.
    """
    for database in databases:
        database.close()
        for number in range(processes):
            database.creation.clone_test_db(str(number + 1), verbosity=0, keepdb=keepdb)


def _begin(counter: Any, *arguments: Any) -> None:
    """In a new process, before its first test."""
    ParallelTestSuite.init_worker(counter, *arguments)
    end_with_parent()
    # Ctrl-C and the end of a terminal reach the whole group; the parent ends the others.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, frame: None)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    override_settings(CHANNEL_LAYERS=isolated_layers()).enable()
    # Last, as the parent then ends all others by SIGTERM, which has to end this one as well.
    if counter.value > arguments[SETUP_ARGUMENTS][0]:
        _end_the_run()


def _end_the_run() -> None:
    """This process replaces one that died; nobody would ever tell how its tests ended."""
    sys.stderr.write("A process that ran tests has died, so the run ends here.\n")
    if (parent := multiprocessing.parent_process()) and parent.pid:
        os.kill(parent.pid, signal.SIGTERM)


class SideBySide(ParallelTestSuite):
    """Django's parallel suite, in processes that share no channel layer."""

    init_worker = _begin

    def __init__(self, subsuites: Any, processes: int, *options: Any) -> None:
        super().__init__(subsuites, processes, *options)
        self.process_setup_args = (processes,)

    def run(self, result: unittest.TestResult) -> Any:  # type: ignore[override]  # as Django's
        connections.close_all()  # a connection belongs to the process that opened it
        for connection in connections.all():
            if hasattr(connection, "close_pool"):
                connection.close_pool()  # so do the threads that fill a pool
        return super().run(result)

"""Ordinary tests in several processes, each with a database and a prefix of its own in Redis."""

import copy
import os
import signal
import unittest
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.runner import ParallelTestSuite
from django.test.utils import override_settings


def isolated_layers() -> dict[str, Any]:
    """`CHANNEL_LAYERS` with a prefix of this process.

    A Redis may serve a real site as well, whose users must not get the messages of a test.
    """
    layers = copy.deepcopy(getattr(settings, "CHANNEL_LAYERS", {}))
    for layer in layers.values():
        if "hosts" in layer.get("CONFIG", {}):
            layer["CONFIG"]["prefix"] = f"test-{os.getpid()}"
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


def _begin(*arguments: Any) -> None:
    """In a new process, before its first test."""
    ParallelTestSuite.init_worker(*arguments)
    # Ctrl-C reaches the whole group of processes; the parent ends the others.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    override_settings(CHANNEL_LAYERS=isolated_layers()).enable()


class SideBySide(ParallelTestSuite):
    """Django's parallel suite, in processes that share no channel layer."""

    init_worker = _begin

    def run(self, result: unittest.TestResult) -> Any:  # type: ignore[override]  # as Django's
        connections.close_all()  # a connection belongs to the process that opened it
        return super().run(result)

"""The test runner: Django's own, which also collects what performance tests measure."""

import signal
import sys
import unittest
from collections.abc import Iterable, Iterator, Mapping
from itertools import filterfalse, product
from pathlib import Path
from types import FrameType
from typing import Any

from django.db import connections
from django.test.runner import DiscoverRunner, partition_suite_by_case
from django.test.utils import iter_test_cases, override_settings  # type: ignore[attr-defined]
from rich.console import Console

from .collector import CollectingResult, Collector
from .events import Listener, ignore
from .exceptions import DatabaseRoleRefused, Interrupted
from .reports import console
from .side_by_side import SideBySide, clone_databases, isolated_layers
from .testcases import PerformanceTestCase


class PerformanceTestRunner(DiscoverRunner):
    """`DiscoverRunner` for suites with performance tests in them.

    They run one after the other and alone, because tests side by side measure each other; so do
    tests that are tagged `alone`. `--parallel` is for all others, which come before. A left-over
    test database is replaced without a question. The first Ctrl-C ends the running test as an
    error; clean-ups run, the test database goes, and the run fails. `listener` is told of
    everything as it happens.
    """

    def __init__(self, *, listener: Listener = ignore, **options: Any) -> None:
        super().__init__(**{**options, "interactive": False})
        self.collector = Collector(listener)

    def setup_test_environment(self, **kwargs: Any) -> None:
        super().setup_test_environment(**kwargs)
        self._isolated = override_settings(CHANNEL_LAYERS=isolated_layers())
        self._isolated.enable()
        self._previous_handler = signal.signal(signal.SIGINT, self._interrupt)

    def teardown_test_environment(self, **kwargs: Any) -> None:
        signal.signal(signal.SIGINT, self._previous_handler)
        self._isolated.disable()
        super().teardown_test_environment(**kwargs)

    def build_suite(self, *args: Any, **kwargs: Any) -> unittest.TestSuite:
        wanted, self.parallel = self.parallel, 1
        suite = super().build_suite(*args, **kwargs)
        tests = list(iter_test_cases(suite))
        alone = list(filter(runs_alone, tests))
        classes = partition_suite_by_case(self.test_suite(filterfalse(runs_alone, tests)))
        if min(wanted, len(classes)) <= 1:
            return suite
        self.parallel = min(wanted, len(classes))
        options = self.failfast, self.debug_mode, self.buffer
        return self.test_suite([SideBySide(classes, self.parallel, *options), *alone])

    def setup_databases(self, **kwargs: Any) -> Any:
        if not self.keepdb:
            require_database_rights(kwargs["aliases"])
        processes, self.parallel = self.parallel, 1
        created = super().setup_databases(**kwargs)
        self.parallel = processes
        if processes > 1:
            originals = (connection for connection, _, original in created if original)
            clone_databases(originals, processes, keepdb=self.keepdb)
        return created

    def teardown_databases(self, old_config: Any, **kwargs: Any) -> None:
        files = [] if self.keepdb else list(journals(self.parallel))
        super().teardown_databases(old_config, **kwargs)
        for file in files:
            file.unlink(missing_ok=True)

    def get_resultclass(self) -> type[unittest.TextTestResult]:
        base = super().get_resultclass() or unittest.TextTestResult
        return type(
            "PerformanceTestResult", (CollectingResult, base), {"collector": self.collector}
        )

    def run_suite(self, suite: unittest.TestSuite, **kwargs: Any) -> unittest.TextTestResult:
        # unittest forgets each test as it has run it, so they are listed first.
        self.collector.plan(performance_tests(suite))
        result = super().run_suite(suite, **kwargs)
        self.collector.finish(stopped=result.shouldStop)
        if self.verbosity and self.collector.results:
            console.print_summary(self.collector.results, Console(file=sys.stderr))
        return result

    def suite_result(
        self, suite: unittest.TestSuite, result: unittest.TextTestResult, **kwargs: Any
    ) -> int:
        return super().suite_result(suite, result, **kwargs) or int(self.collector.interrupted)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        again = self.collector.interrupted
        self.collector.interrupt()
        if self.collector.testing:
            raise Interrupted("The run was interrupted.")
        if again:
            raise KeyboardInterrupt


def journals(processes: int) -> Iterator[Path]:
    """The files that SQLite keeps beside a database and its copies, and leaves behind when one
    still has it open as it is removed.
    """
    for connection in connections.all():
        if connection.vendor == "sqlite":
            names = [connection.settings_dict["NAME"]]
            for number in range(processes if processes > 1 else 0):
                copied = connection.creation.get_test_db_clone_settings(str(number + 1))
                names.append(copied["NAME"])
            for name, suffix in product(names, ("-wal", "-shm")):
                yield Path(f"{name}{suffix}")


def runs_alone(test: Any) -> bool:
    """Whether other tests must not run at the same time."""
    return isinstance(test, PerformanceTestCase) or "alone" in getattr(test, "tags", ())


def performance_tests(suite: Iterable[Any]) -> Iterator[PerformanceTestCase]:
    """The performance tests among the tests of a suite, in its order."""
    return (test for test in iter_test_cases(suite) if isinstance(test, PerformanceTestCase))


def require_database_rights(aliases: Mapping[str, bool]) -> None:
    """Raise `DatabaseRoleRefused` where a PostgreSQL role may not create the test database."""
    for alias in aliases:
        connection = connections[alias]
        if connection.vendor != "postgresql":
            continue
        with connection._nodb_cursor() as cursor:
            cursor.execute(
                "SELECT rolname FROM pg_roles"
                " WHERE rolname = current_user AND NOT (rolcreatedb OR rolsuper)"
            )
            if refused := cursor.fetchone():
                raise DatabaseRoleRefused(
                    f"The PostgreSQL role {refused[0]!r} may not create the test database: as a"
                    f' superuser run ALTER ROLE "{refused[0]}" CREATEDB;'
                )

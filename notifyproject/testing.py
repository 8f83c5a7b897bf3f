"""The runner of `manage.py test`."""

import unittest
from collections.abc import Sequence
from typing import Any

from django.test.runner import get_max_test_processes

from perftests.runner.runner import PerformanceTestRunner

from .fast import SLOW, forbid_processes
from .flushing import flush_through_deadlocks


class ProjectTestRunner(PerformanceTestRunner):
    """All tests at once run in a process for each core; `--parallel 1` has them in one.

    Tests that are named run in one process, as a developer wants who looks for something. A storm
    takes minutes and services of its own: it is for `perf --suites faults`, or to be named.
    `--exclude-tag slow` leaves the fast tests, which run under guard.
    """

    def build_suite(
        self, test_labels: Sequence[str] | None = None, **kwargs: Any
    ) -> unittest.TestSuite:
        if not test_labels:
            self.exclude_tags.add("storm")
            if not self.parallel and not self.pdb:
                self.parallel = get_max_test_processes()
        if SLOW in self.exclude_tags:
            forbid_processes()
        return super().build_suite(test_labels, **kwargs)

    def setup_databases(self, **kwargs: Any) -> Any:
        flush_through_deadlocks()
        return super().setup_databases(**kwargs)

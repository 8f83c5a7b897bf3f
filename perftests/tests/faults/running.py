"""Running a row with a fault in it, and what the row says about that."""

import os
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from unittest import TestSuite, mock

from django.test import TransactionTestCase, tag

from perftests.records.results import Outcome
from perftests.records.targets import Verdict
from perftests.runner.runner import PerformanceTestRunner
from perftests.runner.selection import select

TIMEOUT_SECONDS = 20
ATTEMPTS = 3


def run_row(row):
    """The results of a row's tests at smoke scale, in this process."""
    tests = [test for test in select([], [], everything=True) if test.row == row]
    runner = PerformanceTestRunner(verbosity=0)
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        runner.run_suite(TestSuite(tests))
    return runner.collector.results


def missed(metrics):
    """The names of the metrics that miss what is required of them: then `perf` exits with 1."""
    return {m.name for m in metrics if m.required_verdict is Verdict.FAIL}


def undecided(metrics, expected):
    """The names of those that should fail and are in doubt: the machine did something else, too."""
    verdicts = {m.name: m.required_verdict for m in metrics}
    return {name for name in expected if verdicts.get(name) is Verdict.INCONCLUSIVE}


@tag("planted", "slow")
class FaultTestCase(TransactionTestCase):
    """Tests that a row fails with a fault, for the reason that was planted."""

    def assert_caught(self, fault, *, timeout_seconds=TIMEOUT_SECONDS):
        limits = {"PERF_SCALE": "smoke", "PERF_TIMEOUT_SECONDS": str(timeout_seconds)}
        for _ in range(ATTEMPTS):
            with fault.planted(), mock.patch.dict(os.environ, limits):
                results = run_row(fault.row)
            for result in results:
                self.assertIs(result.outcome, Outcome.COMPLETED, result.detail)
            metrics = [metric for result in results for metric in result.metrics]
            if fault.misses <= missed(metrics):
                break
            # One is enough for the row to fail, as it must each time. On a machine that does
            # something else as well, what is lost may come late, and what is late be in order.
            self.assertTrue(fault.misses & (missed(metrics) | undecided(metrics, fault.misses)))
        # What a fault delays may be found out in other ways as well.
        self.assertLessEqual(fault.misses, missed(metrics))
        return results


@tag("alone", "on_request")
class TimedFaultTestCase(FaultTestCase):
    """For faults that show in times, or in what users do in some: others would change that."""

"""Running a row with a fault in it, and what the row says about that."""

import os
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from unittest import TestSuite, mock

from django.test import TransactionTestCase, tag

from perftests.measure.results import Outcome
from perftests.measure.targets import Verdict
from perftests.runner import PerformanceTestRunner
from perftests.selection import select

TIMEOUT_SECONDS = 20
ATTEMPTS = 3


def run_row(row):
    """The results of a row's tests at smoke scale, in this process."""
    tests = [test for test in select([], [], everything=True) if test.row == row]
    runner = PerformanceTestRunner(verbosity=0)
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        runner.run_suite(TestSuite(tests))
    return runner.collector.results


def missed(metrics, expected=()):
    """The names of the metrics that fail.

    A busy machine alone may miss a time or a ratio that we hope for: of our own goals only those
    count that ask for an exact number, and those that are `expected` to fail.
    """
    return {m.name for m in metrics if fails(m, expected)}


def fails(metric, expected):
    if metric.asked_verdict is Verdict.FAIL:
        return True
    counts = metric.name in expected or (metric.ours and metric.ours.operator == "==")
    return counts and metric.ours_verdict is Verdict.FAIL


def undecided(metrics, expected):
    """The names of those that should fail and are in doubt: the machine did something else, too."""
    verdicts = {m.name: m.asked_verdict or m.ours_verdict for m in metrics}
    return {name for name in expected if verdicts.get(name) is Verdict.INCONCLUSIVE}


@tag("planted")
class FaultTestCase(TransactionTestCase):
    """Tests that a row fails with a fault, for the reason that was planted and no other."""

    def assert_caught(self, fault, *, timeout_seconds=TIMEOUT_SECONDS):
        limits = {"PERF_SCALE": "smoke", "PERF_TIMEOUT_SECONDS": str(timeout_seconds)}
        for _ in range(ATTEMPTS):
            with fault.planted(), mock.patch.dict(os.environ, limits):
                results = run_row(fault.row)
            metrics = [metric for result in results for metric in result.metrics]
            if not undecided(metrics, fault.misses):
                break
        for result in results:
            self.assertIs(result.outcome, Outcome.COMPLETED, result.detail)
        self.assertEqual(missed(metrics, fault.misses), fault.misses)
        return results


@tag("alone")
class TimedFaultTestCase(FaultTestCase):
    """For faults that show in times, or in what users do in some: others would change that."""

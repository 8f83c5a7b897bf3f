"""Which performance tests a run is about: labels and suites, resolved before anything runs."""

from collections.abc import Sequence

from django.test.utils import iter_test_cases  # type: ignore[attr-defined]

from .exceptions import InvalidSelection
from .runner import PerformanceTestRunner
from .testcases import PerformanceTestCase

DEFAULT_LABEL = "perftests.suites"


def select(
    labels: Sequence[str], suites: Sequence[str], *, everything: bool = False
) -> list[PerformanceTestCase]:
    """The performance tests of `labels` (default: our own), of `suites` only if any are given.

    Where nothing is named, tests that run `on_request` are left out unless `everything` is asked
    for. Suites come in the order asked for, the tests of each by their row. Raises
    `InvalidSelection` for a label that cannot be loaded or holds no performance test, and for
    a suite that is none of theirs.
    """
    tests: dict[str, PerformanceTestCase] = {}
    for label in labels or [DEFAULT_LABEL]:
        tests.update((test.id(), test) for test in load(label))
    available = sorted({test.suite for test in tests.values()})
    if unknown := [suite for suite in suites if suite not in available]:
        raise InvalidSelection(
            f"There is no suite {unknown[0]!r} here; choose from {', '.join(available)}."
        )
    order = list(suites) or available
    named = labels or suites or everything
    chosen = [t for t in tests.values() if t.suite in order and (named or not t.on_request)]
    # "N10" comes after "N9", so by length first.
    return sorted(chosen, key=lambda test: (order.index(test.suite), len(test.row), test.row))


def load(label: str) -> list[PerformanceTestCase]:
    """The performance tests of one label, which is what unittest takes: package to method."""
    runner = PerformanceTestRunner(verbosity=0)
    try:
        found = list(iter_test_cases(runner.load_tests_for_label(label, {}) or []))
    except (ImportError, RuntimeError, ValueError) as error:
        raise InvalidSelection(f"The label {label!r} cannot be loaded: {error}") from error
    for test in found:
        # unittest's stand-in for what it could not load keeps the traceback as text.
        if failure := getattr(test, "_exception", None):
            reason = str(failure).strip().splitlines()[-1].rstrip(".")
            raise InvalidSelection(f"The label {label!r} cannot be loaded: {reason}.")
    tests = [test for test in found if isinstance(test, PerformanceTestCase)]
    if not tests:
        raise InvalidSelection(f"The label {label!r} holds no performance test.")
    return tests

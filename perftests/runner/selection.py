"""Which performance tests a run is about: labels and suites, resolved before anything runs."""

import contextlib
import os
import re
import traceback
import unittest
from collections.abc import Sequence
from typing import cast

from django.test.utils import iter_test_cases  # type: ignore[attr-defined]  # not in the stubs

from .. import measured
from ..conf import Scale
from ..exceptions import InvalidSelection, InvalidSetting
from ..processes.interpreter import project_folder
from ..records.storable import shown
from ..records.workload import Size, changed
from ..testcases import PerformanceTestCase, workload_kinds
from ..workloads import chosen, require_valid, unknown_rows
from .runner import PerformanceTestRunner

DEFAULT_LABEL = "perftests.suites"
ROW = re.compile(r"[A-Z]+[0-9]+")


def select(
    labels: Sequence[str], suites: Sequence[str], *, everything: bool = False
) -> list[PerformanceTestCase]:
    """The performance tests of `labels` (default: our own), of `suites` only if any are given.

    A label may be one of our rows, such as "N7".
    Where nothing is named, tests that run `on_request` are left out unless `everything` is asked
    for. Suites come in the order asked for, the tests of each by their row. Raises
    `InvalidSelection` for a label that cannot be loaded or holds no performance test, and for
    a suite that is none of theirs.
    """
    tests: dict[str, PerformanceTestCase] = {}
    for label in labels or [DEFAULT_LABEL]:
        tests.update((test.id(), test) for test in load_row(label) or load(label))
    available = sorted({test.suite for test in tests.values()})
    if unknown := [suite for suite in suites if suite not in available]:
        raise InvalidSelection(
            f"There is no suite {unknown[0]!r} here; choose from {', '.join(available)}."
        )
    order = list(suites) or available
    named = labels or suites or everything
    chosen = [t for t in tests.values() if t.suite in order and (named or not t.on_request)]
    for test in chosen:
        require_same_by_label(test)
    # "N10" comes after "N9", so by length first.
    return sorted(chosen, key=lambda test: (order.index(test.suite), len(test.row), test.row))


def require_workloads(tests: Sequence[PerformanceTestCase], scale: Scale) -> None:
    """Raise `InvalidSetting` for a row or a number that the project has set wrong at this scale.

    It may set rows of these tests and any of our own.
    """
    kinds = workload_kinds(tests)
    if unknown_rows(kinds) and measured.is_installed():
        kinds = workload_kinds([*tests, *load(DEFAULT_LABEL)])
    if unknown := unknown_rows(kinds):
        raise InvalidSetting(
            f"{unknown[0]}, which is a row neither of {DEFAULT_LABEL} nor of the chosen tests; "
            "perf --list shows what there is."
        )
    require_valid(kinds, scale)


def changed_workloads(
    tests: Sequence[PerformanceTestCase], scale: Scale
) -> dict[str, dict[str, Size]]:
    """The numbers, by row and name, that are not those of the scale."""
    loads = [(test.row, kind(test.row, scale)) for test in tests if (kind := test.workload_kind)]
    rows: dict[str, dict[str, Size]] = {}
    for row, load in loads:
        if own := changed(chosen(load)):
            rows.setdefault(row, {}).update(own)
    return rows


def load_row(label: str) -> list[PerformanceTestCase]:
    """The tests of one of our rows, of which there may be several; none for any other label."""
    if not ROW.fullmatch(label):
        return []
    return [test for test in load(DEFAULT_LABEL) if test.row == label]


def load(label: str) -> list[PerformanceTestCase]:
    """The performance tests of one label, which is what unittest takes: package to method."""
    if f"{label}.".startswith(f"{DEFAULT_LABEL}.") or f"{DEFAULT_LABEL}.".startswith(f"{label}."):
        measured.require_notifications(DEFAULT_LABEL)
    runner = PerformanceTestRunner(verbosity=0)
    # Django takes a label for a folder of this name, if there is one.
    folder = project_folder() or os.curdir
    try:
        with contextlib.chdir(folder):
            found = list(iter_test_cases(runner.load_tests_for_label(label, {}) or []))
    except (Exception, SystemExit) as error:  # a module may raise anything while it is imported
        reason = "".join(traceback.format_exception_only(error))
        raise _unloadable(label, reason) from error
    for test in found:
        # unittest's stand-in for what it could not load keeps the traceback as text.
        if failure := getattr(test, "_exception", None):
            raise _unloadable(label, str(failure))
    tests = [test for test in found if isinstance(test, PerformanceTestCase)]
    if not tests:
        raise InvalidSelection(f"The label {label!r} holds no performance test.")
    return tests


def _unloadable(label: str, reason: str) -> InvalidSelection:
    if ROW.fullmatch(label):
        return InvalidSelection(f"There is no row {label}; perf --list shows those there are.")
    last_line = reason.strip().splitlines()[-1].rstrip(".")
    return InvalidSelection(f"The label {label!r} cannot be loaded: {last_line}.")


def require_same_by_label(test: PerformanceTestCase) -> None:
    """Raise `InvalidSelection` for a test that is another where its own label is loaded, as the
    measuring process does: one that `load_tests` has made with arguments, for instance.
    """
    given, made, again = map(_attributes, (test, _by_label(test.id()), _by_label(test.id())))
    # What differs each time, such as a lock, is no argument.
    if any(given.get(name) != value == again.get(name) for name, value in made.items()):
        raise InvalidSelection(
            f"The test {test.id()!r} is made with arguments of its own, which its label does not "
            "tell: write a method or a class for each."
        )


def _attributes(test: unittest.TestCase) -> dict[str, str]:
    return {name: shown(value) for name, value in vars(test).items()}


def _by_label(label: str) -> unittest.TestCase:
    """The test that unittest makes of a whole label."""
    try:
        (test,) = iter_test_cases(unittest.defaultTestLoader.loadTestsFromName(label))
    except Exception as error:
        raise _unloadable(label, "".join(traceback.format_exception_only(error))) from error
    if failure := getattr(test, "_exception", None):
        raise _unloadable(label, str(failure))
    return cast(unittest.TestCase, test)

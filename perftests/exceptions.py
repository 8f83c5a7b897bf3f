"""Exceptions of the performance suite; the message of each is written for its reader."""

from unittest import SkipTest

from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError


class PerftestsError(Exception):
    """Any refusal of the performance suite itself, as opposed to a failing test."""


class InvalidSetting(PerftestsError, ImproperlyConfigured):
    """A value in `PERFTESTS` or in a `PERF_…` variable that the suite cannot use."""


class InvalidSelection(PerftestsError):
    """Labels or suites that name no performance test."""


class NotificationsMissing(InvalidSelection, CommandError, SkipTest):
    """Our own suites are asked for in a project that has not installed what they measure.

    What looks for tests skips them, as it does for a `SkipTest`; `manage.py test` with a label
    shows the sentence alone, as it does for a `CommandError`.
    """


class SocketsMissing(PerftestsError, SkipTest):
    """The project serves no sockets that could be put under load, so the test is skipped."""


class UnwritableOutput(PerftestsError):
    """A report cannot be written where it was asked for."""


class UnreadableReport(PerftestsError):
    """A file holds no report that can be read here."""


class UnusableDatabase(PerftestsError):
    """The database of the results cannot store a run."""


class DatabaseRoleRefused(PerftestsError, CommandError):
    """The database role may not create the test database.

    A `CommandError`, so that `manage.py test` shows the sentence alone.
    """


class Interrupted(Exception):
    """The run was asked to stop (SIGINT).

    Not a `KeyboardInterrupt`: unittest skips tear-down and clean-ups on that one, which would
    leave servers, users and a test database behind.
    """


class TargetMissed(AssertionError):
    """A test ran to its end and missed a required target.

    An `AssertionError`, so that the test fails under every test runner.
    """


class NothingMeasured(AssertionError):
    """A test ran to its end without a single `measure`, so it can say nothing good of the code."""

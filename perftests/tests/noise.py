"""Machines as noisy as a test says."""

from unittest import mock


def noise_floor(percent):
    """Patch the noise floor of the run, which is the machine's otherwise."""
    return mock.patch("perftests.suites.kit.contest.floor_of_run", return_value=percent)

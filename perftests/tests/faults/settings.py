"""The project's settings, and an app that plants the fault named by `PLANTED_FAULT`."""

from notifyproject.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "perftests.tests.faults"]  # noqa: F405

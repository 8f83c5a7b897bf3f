"""Planting a fault in this process, and in those that are started meanwhile."""

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from unittest import mock

VARIABLE = "PLANTED_FAULT"
SETTINGS = "perftests.tests.faults.settings"


@dataclass(frozen=True)
class Fault:
    """A bug, the row that has to fail with it, and the metrics that it makes the row miss."""

    row: str
    misses: frozenset
    function: object

    @property
    def name(self):
        return self.function.__name__

    @property
    def title(self):
        return self.function.__doc__.strip()

    @property
    def environment(self):
        """What makes a new process plant it as soon as it has set Django up."""
        return {VARIABLE: self.name, "DJANGO_SETTINGS_MODULE": SETTINGS}

    def plant_for_good(self):
        """In a process that is started to be faulty."""
        self.function(lambda *target: mock.patch.object(*target).start())

    @contextmanager
    def planted(self):
        """In this process and those it starts, for the length of the block."""
        with ExitStack() as planted, mock.patch.dict(os.environ, self.environment):
            self.function(lambda *target: planted.enter_context(mock.patch.object(*target)))
            yield


def fault(row, *misses):
    """Make a fault of a function that gets `plant(owner, name, replacement)`."""
    return lambda function: Fault(row, frozenset(misses), function)

"""The last of the apps: when it is ready, all models are, and nothing is served yet."""

import os

from django.apps import AppConfig

from .planting import VARIABLE


class FaultsConfig(AppConfig):
    name = "perftests.tests.faults"

    def ready(self):
        if name := os.environ.get(VARIABLE):
            # The faults import models.
            from .catalog import FAULTS

            FAULTS[name].plant_for_good()

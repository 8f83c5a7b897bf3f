"""Processes beside the server under load, as a site's web workers and tasks are.

They begin without Django: what needs models is imported after `join_site`.
"""

import os
from collections.abc import Mapping

import django

from perftests.processes.system import end_with_parent


def join_site(environment: Mapping[str, str]) -> None:
    """Become one of the site whose `process.server_environment` this is."""
    end_with_parent()
    os.environ.update(environment)
    django.setup()

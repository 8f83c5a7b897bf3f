"""For pytest with pytest-django: `pytest_plugins = ["notifications.testing.fixtures"]`."""

from typing import Any

import pytest

from .records import Outbox


@pytest.fixture
def outbox(db: Any) -> Outbox:
    """What is sent in the test; what its other fixtures have sent before is not in it."""
    return Outbox()

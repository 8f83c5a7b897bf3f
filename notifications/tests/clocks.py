"""The clock of this process, put forward."""

import contextlib
import time
from datetime import timedelta
from unittest import mock

from django.utils import timezone


@contextlib.contextmanager
def later(seconds):
    """As if this much time had passed."""
    now, date = time.time, timezone.now

    def late():
        return now() + seconds

    def late_date():
        return date() + timedelta(seconds=seconds)

    with mock.patch.object(time, "time", late), mock.patch.object(timezone, "now", late_date):
        yield

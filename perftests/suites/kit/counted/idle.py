"""What a server does while nothing happens."""

import time

from ..contexts import Recorder
from ..server import ServerUnderLoad

IDLE_SECONDS = 2.0

STATEMENTS_PER_SECOND = 10
"""A sweep every five seconds takes some, and the rest of a round that has just begun."""


def measure_idle(recorder: Recorder, server: ServerUnderLoad) -> None:
    """Record statements and CPU time of a server whose clients do nothing for a while."""
    control = server.control
    statements, used = control.queries().total(), control.cpu_seconds()
    begun = time.perf_counter()
    time.sleep(IDLE_SECONDS)
    seconds = time.perf_counter() - begun
    per_second = (control.queries().total() - statements) / seconds
    share = 100 * (control.cpu_seconds() - used) / seconds
    bound = f"<= {STATEMENTS_PER_SECOND}"
    recorder.measure("statements while idle", per_second, "statements/s", required=bound)
    recorder.measure("CPU while idle", share, "%", required="< 25", goal="< 5")

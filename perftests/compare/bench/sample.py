"""What a sample is: something that is measured of either side, a short round at a time."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ...suites.kit.clients import Clients

Round = Callable[[], Mapping[str, float]]
"""Measures once; the metrics by name, in microseconds."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A piece of work that is measured in rounds, and the `rows` of the suites that it stands for.

    `prepare` connects whom it needs, and returns what measures a round. The work is done by the
    server, or `here` in this process.
    """

    rows: tuple[str, ...]
    metrics: tuple[str, ...]
    prepare: Callable[[Clients], Round]
    here: bool = False


def thread_microseconds(work: Callable[[], object]) -> float:
    """CPU time of this thread for some work."""
    begun = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - begun) / 1e3

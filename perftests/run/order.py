"""What a run of `perf` is told to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..conf import Scale, Server


@dataclass(frozen=True, slots=True)
class Order:
    """What a run is told to do. `tests` are dotted labels, one for each test.

    With `fail_fast` no further test is started after one that failed. What is `watched` is judged
    afterwards, whatever ends it.
    """

    tests: Sequence[str]
    scale: Scale
    server: Server
    label: str
    parameters: dict[str, Any]
    fail_fast: bool = False
    watched: bool = False

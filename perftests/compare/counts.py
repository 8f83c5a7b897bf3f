"""A count: how much of something there is for an operation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Count:
    """How many `unit` there are for an operation; more is worse.

    `parts` says of what, such as how often each SQL statement ran, and `origins` which line of the
    product ran it. Counts that differ by `tolerance` or less are the same.
    """

    operation: str
    unit: str
    number: float
    parts: Mapping[str, int] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    tolerance: float = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """All counts of a side; `uncounted` says why there are none of instructions, where so."""

    counts: Sequence[Count]
    uncounted: str = ""

"""Why somebody is told of a run: what is wrong, since when, and what it was before."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from .targets import Metric


class Kind(StrEnum):
    """What is wrong."""

    MISSED = "missed"  # a required target, or the test itself where no metric is named
    REGRESSION = "regression"
    STEP = "step"


class Key(NamedTuple):
    """What makes a cause the one that it is, however far it goes.

    `place` is the machine, server, database and scale, `workload` how much the test did. `since` is
    the first run at another level, 0 for what is no step.
    """

    kind: Kind
    place: str
    workload: str
    test: str
    name: str
    since: int = 0


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason to tell somebody, with the metric as it was when it was found.

    `before` is what it is worse than; `against` the version where two were measured in pairs, and
    the metric their ratio.
    """

    key: Key
    row: str
    metric: Metric | None = None
    before: Metric | None = None
    against: str = ""

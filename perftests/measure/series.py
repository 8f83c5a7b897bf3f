"""A quantity over time."""

from dataclasses import dataclass

IN_PAIRS = "× in pair"
"""The unit of the ratios of two versions: pairs, by number, stand in the place of seconds."""


@dataclass(frozen=True, slots=True)
class Phase:
    """What goes on from that second on, such as "connecting"."""

    seconds: float
    name: str


@dataclass(frozen=True, slots=True)
class Series:
    """A quantity over time, such as the server's memory: `seconds[i]` goes with `values[i]`.

    `phases` are what was going on meanwhile, the first one first.
    """

    name: str
    unit: str
    seconds: tuple[float, ...]
    values: tuple[float, ...]
    phases: tuple[Phase, ...] = ()

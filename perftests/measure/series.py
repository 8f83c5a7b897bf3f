"""A quantity over time."""

from dataclasses import dataclass

IN_PAIRS = "× in pair"
"""The unit of the ratios of two versions: pairs, by number, stand in the place of seconds."""


@dataclass(frozen=True, slots=True)
class Series:
    """A quantity over time, such as the server's memory: `seconds[i]` goes with `values[i]`."""

    name: str
    unit: str
    seconds: tuple[float, ...]
    values: tuple[float, ...]

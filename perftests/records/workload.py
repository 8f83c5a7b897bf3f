"""The numbers of a workload as they were in a run."""

from collections.abc import Iterable
from dataclasses import dataclass

Size = int | float | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """One number of a workload: its value in this run, and the usual one at the run's scale."""

    name: str
    value: Size
    usual: Size

    @property
    def changed(self) -> bool:
        """Whether the project has set another value: no other run is like this one."""
        return self.value != self.usual

    def __str__(self) -> str:
        usual = f" instead of {size_text(self.usual)}" if self.changed else ""
        return f"{self.name} {size_text(self.value)}{usual}"


def changed(workload: Iterable[Chosen]) -> dict[str, Size]:
    """The values that are not the usual ones, by name."""
    return {chosen.name: chosen.value for chosen in workload if chosen.changed}


def workload_text(workload: Iterable[Chosen]) -> str:
    """All of it in one line: results with the same one may be compared."""
    return ", ".join(map(str, workload))


def size_text(size: Size) -> str:
    """A size for people, such as "1,000", "0.5" or "50, 100 and 1,000"."""
    if not isinstance(size, tuple):
        return f"{size:,.12g}" if isinstance(size, float) else f"{size:,}"
    *first, last = map(size_text, size)
    return f"{', '.join(first)} and {last}" if first else last

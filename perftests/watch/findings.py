"""What a run gives reason to tell, and what of that is news; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..records.causes import Cause, Key

Open = Mapping[Key, Cause]
"""The causes that were found before and are not over."""


@dataclass(slots=True)
class Findings:
    """The causes that a run shows, and the keys of all that it could have shown.

    What is not measured is neither wrong nor well: whatever was known of it stays as it is.
    """

    found: dict[Key, Cause] = field(default_factory=dict)
    measured: set[Key] = field(default_factory=set)

    def add(self, cause: Cause, wrong: bool | None) -> None:
        """Note whether it is a cause; `None` where nobody can tell."""
        if wrong is not None:
            self.measured.add(cause.key)
        if wrong:
            self.found.setdefault(cause.key, cause)

    def update(self, other: "Findings") -> None:
        """Take in what else was found."""
        self.found |= other.found
        self.measured |= other.measured


@dataclass(frozen=True, slots=True)
class News:
    """What is to be told: what has become wrong, and what is over."""

    begun: list[Cause]
    over: list[Cause]


def news(known: Open, findings: Findings) -> News:
    """A cause is told once when it is found, and once when what shows it is measured without it."""
    begun = [cause for key, cause in findings.found.items() if key not in known]
    over = [
        cause
        for key, cause in known.items()
        if key in findings.measured and key not in findings.found
    ]
    return News(begun, over)

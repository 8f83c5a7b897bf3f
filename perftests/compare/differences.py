"""What the counts of two sides differ in: exact, so one pair tells it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .counts import Count, Counted


@dataclass(frozen=True, slots=True)
class Difference:
    """An operation of which there is more or less on the candidate's side than on the baseline's.

    `parts` are sentences that tell of what: an SQL statement, how often, and where it comes from.
    """

    operation: str
    unit: str
    before: float
    after: float
    parts: tuple[str, ...]

    @property
    def more(self) -> bool:
        """Whether the candidate does more."""
        return self.after > self.before

    def __str__(self) -> str:
        return f"{self.operation}: {self.before:g} → {self.after:g} {self.unit}"


@dataclass(frozen=True, slots=True)
class Differences:
    """Those of a comparison; `uncounted` says why instructions are not compared, where so."""

    found: Sequence[Difference]
    uncounted: str = ""


def compared(baseline: Counted, candidate: Counted) -> Differences:
    """What two sides differ in."""
    found = differences(baseline.counts, candidate.counts)
    return Differences(found, baseline.uncounted or candidate.uncounted)


def differences(baseline: Sequence[Count], candidate: Sequence[Count]) -> list[Difference]:
    """Each count that differs by more than its tolerance, where both sides have it; more first."""
    before = {(count.operation, count.unit): count for count in baseline}
    found = [
        Difference(now.operation, now.unit, then.number, now.number, tuple(_parts(then, now)))
        for now in candidate
        if (then := before.get((now.operation, now.unit)))
        and abs(now.number - then.number) > now.tolerance
    ]
    return sorted(found, key=lambda difference: not difference.more)


def _parts(before: Count, after: Count) -> Iterator[str]:
    for part in sorted({*before.parts, *after.parts}):
        was, is_now = before.parts.get(part, 0), after.parts.get(part, 0)
        if was != is_now:
            origin = after.origins.get(part) or before.origins.get(part)
            yield f"{was} → {is_now} × {part}" + (f" ({origin})" if origin else "")

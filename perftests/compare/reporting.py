"""A comparison as a report: stored, exported and shown like any other run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..measure.profiles import Shift
from ..measure.series import IN_PAIRS, Series
from ..records.results import COMPARED, COUNTS, Outcome, Report, Result, State
from ..records.targets import Metric, Target
from .differences import Difference, Differences
from .experiment import Comparison
from .verdicts import Finding, Judged

ORDER = (Finding.SLOWER, Finding.UNCLEAR, Finding.FASTER, Finding.SAME)
PAIRED = "perftests.compare.paired"
COUNTED = "perftests.compare.counted"


@dataclass(frozen=True, slots=True)
class Against:
    """A comparison that has ended: what was compared, and what it came to.

    `profiles` has for each metric that is slower the functions that take longer.
    """

    baseline: str
    candidate: str
    started_at: datetime
    counted: Differences
    paired: Comparison
    profiles: Mapping[str, Sequence[Shift]]

    @property
    def title(self) -> str:
        return title_of(self.baseline, self.candidate)


def title_of(baseline: str, candidate: str) -> str:
    """What compares these two is called."""
    return f"{candidate} against {baseline}"


def report_of(
    against: Against, label: str, parameters: dict[str, Any], environment: dict[str, Any]
) -> Report:
    """The report of a comparison with these parameters, on this environment."""
    seconds = (datetime.now(UTC) - against.started_at).total_seconds()
    return Report(
        run=None,
        label=label,
        state=State.FINISHED,
        started_at=against.started_at.isoformat(),
        seconds=seconds,
        parameters=parameters,
        environment=environment,
        results=(_paired(against, seconds), _counted(against)),
    )


def _paired(against: Against, seconds: float) -> Result:
    judged = dict(sorted(against.paired.judged.items(), key=_how_bad))
    slower = against.paired.slower
    return Result(
        test=PAIRED,
        suite=COMPARED,
        row="",
        title=f"CPU and time: {against.title}, in pairs",
        outcome=Outcome.FAILED if slower else Outcome.COMPLETED,
        seconds=seconds,
        metrics=tuple(_ratio(name, found) for name, found in judged.items()),
        series=tuple(_series(name, values) for name, values in against.paired.ratios.items()),
        notes=tuple(_finding(name, found, against) for name, found in judged.items()),
        detail=f"Slower: {', '.join(slower)}." if slower else "",
    )


def _how_bad(judged: tuple[str, Judged]) -> int:
    return ORDER.index(judged[1].finding)


def _finding(name: str, found: Judged, against: Against) -> str:
    where = ", ".join(map(str, against.profiles.get(name, ())))
    pairs = len(against.paired.ratios[name])
    return f"{name}: {found.finding}, {pairs} pairs" + (f"; longer: {where}" if where else "")


def _ratio(name: str, found: Judged) -> Metric:
    low, high = found.interval.low, found.interval.high
    return Metric(name, found.ratio, "×", better="lower", low=low, high=high)


def _series(name: str, ratios: Sequence[float]) -> Series:
    return Series(name, IN_PAIRS, tuple(map(float, range(1, 1 + len(ratios)))), tuple(ratios))


def _counted(against: Against) -> Result:
    metrics = tuple(_count(difference) for difference in against.counted.found)
    return Result(
        test=COUNTED,
        suite=COUNTS,
        row="",
        title=f"Counted: {against.title}",
        outcome=Outcome.COMPLETED,
        seconds=0.0,
        metrics=(*metrics, Metric("counts that differ", len(metrics))),
        notes=tuple(_notes(against.counted)),
    )


def _count(difference: Difference) -> Metric:
    name = f"{difference.operation}, {difference.unit}"
    required = Target("<=", difference.before)
    return Metric(name, difference.after, difference.unit, better="lower", required=required)


def _notes(differences: Differences) -> Iterator[str]:
    for difference in differences.found:
        yield f"{difference}: {'; '.join(difference.parts) or 'in all'}."
    if differences.uncounted:
        yield f"Instructions are not counted: {differences.uncounted}."

"""What the report of a comparison says of each metric that was measured in pairs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..records.results import COMPARED, Result
from ..records.targets import Metric


@dataclass(frozen=True, slots=True)
class Ratio:
    """Candidate ÷ baseline: a `finding` such as "slower", and what stands behind it."""

    metric: Metric
    finding: str
    behind: str

    @property
    def text(self) -> str:
        """Both in a line, as the report has them."""
        return f"{self.finding}{self.behind}"


def ratios(results: Iterable[Result]) -> Iterator[Ratio]:
    """Those of all results, in their order; nothing is found of one that has no note."""
    for result in results:
        if result.suite == COMPARED:
            for metric in result.metrics:
                yield _ratio(metric, result.notes)


def _ratio(metric: Metric, notes: Iterable[str]) -> Ratio:
    begun = f"{metric.name}: "
    said = next((note.removeprefix(begun) for note in notes if note.startswith(begun)), "")
    finding, comma, behind = said.partition(",")
    return Ratio(metric, finding, comma + behind)

"""What one performance test found: immutable, raw enough to compute everything again."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ..measure.series import Series
from .targets import Metric, Verdict
from .workload import Chosen

FORMAT_VERSION = 2
"""It grows when who reads the records, in rows or in JSON, would have to change."""


COMPARED = "compared"
"""The suite of a comparison of two versions in pairs: each metric is a ratio, with a note of it."""

COUNTS = "counts"
"""The suite of what was counted for it."""


class Outcome(StrEnum):
    """How the test itself ended, whatever its numbers are."""

    COMPLETED = "completed"
    FAILED = "failed"  # an assertion
    ERROR = "error"  # any other exception
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Result:
    """One test of one run.

    `test` is the dotted label that runs it again, `row` its row in the table of suites ("N1"),
    `workload` how much it did: only results with the same workload may be compared,
    `histograms` maps a name such as "delivery latency" to an encoded HdrHistogram of nanoseconds
    (see `measure.histogram`), `notes` are sentences for the reader, `detail` the text of a
    failure, an error or a skip. The `verdict` follows from the rest, also where it is read.
    """

    test: str
    suite: str
    row: str
    title: str
    outcome: Outcome
    verdict: Verdict = field(init=False, default=Verdict.INCONCLUSIVE)
    seconds: float
    workload: tuple[Chosen, ...] = ()
    metrics: tuple[Metric, ...] = ()
    series: tuple[Series, ...] = ()
    histograms: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    detail: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "verdict", self._judge())

    @property
    def skipped(self) -> bool:
        """Whether it says nothing for or against the code; a miss before the skip does."""
        return self.outcome is Outcome.SKIPPED and self.verdict is not Verdict.FAIL

    def _judge(self) -> Verdict:
        """Fail where the test failed or a required target was missed, however it ended after that.

        A skip is inconclusive, and so is a test without a single value.
        """
        metrics = [m for m in self.metrics if isinstance(m, Metric)]  # `storable` refuses others
        required = Verdict.worst(v for m in metrics if (v := m.required_verdict))
        if Verdict.FAIL is required or self.outcome in (Outcome.FAILED, Outcome.ERROR):
            return Verdict.FAIL
        measured = any(metric.value is not None for metric in metrics)
        return required if measured and self.outcome is Outcome.COMPLETED else Verdict.INCONCLUSIVE


class State(StrEnum):
    """How far a run came."""

    RUNNING = "running"
    FINISHED = "finished"
    ABORTED = "aborted"  # interrupted, stopped at a failure, or its process died


def overall(results: Iterable[Result], *, complete: bool) -> Verdict:
    """What several tests come to: a pass only where all have ended and any was not skipped."""
    ran = [result.verdict for result in results if not result.skipped]
    worst = Verdict.worst(ran)
    return worst if worst is Verdict.FAIL or (complete and ran) else Verdict.INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class Report:
    """One run with all its results: the one input of every report.

    `run` is the number of the stored run, `started_at` ISO 8601, `parameters` what the run was
    told to do (scale, server, labels …), `environment` what it ran on. The `verdict` is the worst
    of what ran to its end; inconclusive when the run was cut short.
    """

    format_version: int = field(init=False, default=FORMAT_VERSION)
    run: int | None
    label: str
    state: State
    verdict: Verdict = field(init=False, default=Verdict.INCONCLUSIVE)
    started_at: str
    seconds: float
    parameters: dict[str, Any]
    environment: dict[str, Any]
    results: tuple[Result, ...]

    def __post_init__(self) -> None:
        complete = self.state is State.FINISHED
        object.__setattr__(self, "format_version", FORMAT_VERSION)
        object.__setattr__(self, "verdict", overall(self.results, complete=complete))

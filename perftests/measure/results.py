"""What one performance test found: immutable, raw enough to compute everything again."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from .targets import Metric, Verdict

FORMAT_VERSION = 1


class Outcome(StrEnum):
    """How the test itself ended, whatever its numbers are."""

    COMPLETED = "completed"
    FAILED = "failed"  # an assertion
    ERROR = "error"  # any other exception
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Series:
    """A quantity over time, such as the server's memory: `seconds[i]` goes with `values[i]`."""

    name: str
    unit: str
    seconds: tuple[float, ...]
    values: tuple[float, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "unit": self.unit,
            "seconds": list(self.seconds),
            "values": list(self.values),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        return cls(data["name"], data["unit"], tuple(data["seconds"]), tuple(data["values"]))


@dataclass(frozen=True, slots=True)
class Result:
    """One test of one run.

    `test` is the dotted label that runs it again, `row` its row in the table of suites ("N1"),
    `histograms` maps a name such as "delivery latency" to an encoded HdrHistogram of nanoseconds
    (see `measure.histogram`), `notes` are sentences for the reader, `detail` the text of a
    failure, an error or a skip.
    """

    test: str
    suite: str
    row: str
    title: str
    outcome: Outcome
    seconds: float
    metrics: tuple[Metric, ...] = ()
    series: tuple[Series, ...] = ()
    histograms: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    detail: str = ""

    @property
    def verdict(self) -> Verdict:
        """Fail where the test failed or an asked target was missed; a skip is inconclusive."""
        if self.outcome in (Outcome.FAILED, Outcome.ERROR):
            return Verdict.FAIL
        if self.outcome is Outcome.SKIPPED:
            return Verdict.INCONCLUSIVE
        return Verdict.worst(v for m in self.metrics if (v := m.asked_verdict))

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON, for the event stream and for the rows."""
        return {
            "test": self.test,
            "suite": self.suite,
            "row": self.row,
            "title": self.title,
            "outcome": self.outcome,
            "verdict": self.verdict,
            "seconds": self.seconds,
            "metrics": [metric.as_dict() for metric in self.metrics],
            "series": [series.as_dict() for series in self.series],
            "histograms": dict(self.histograms),
            "notes": list(self.notes),
            "detail": self.detail,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The inverse of `as_dict`; the verdicts are computed anew."""
        return cls(
            test=data["test"],
            suite=data["suite"],
            row=data["row"],
            title=data["title"],
            outcome=Outcome(data["outcome"]),
            seconds=data["seconds"],
            metrics=tuple(Metric.from_dict(metric) for metric in data["metrics"]),
            series=tuple(Series.from_dict(series) for series in data["series"]),
            histograms=dict(data["histograms"]),
            notes=tuple(data["notes"]),
            detail=data["detail"],
        )


class State(StrEnum):
    """How far a run came."""

    RUNNING = "running"
    FINISHED = "finished"
    ABORTED = "aborted"  # interrupted, stopped at a failure, or its process died


@dataclass(frozen=True, slots=True)
class Report:
    """One run with all its results: the one input of every report.

    `run` is the number of the stored run, `started_at` ISO 8601, `parameters` what the run was
    asked to do (scale, server, labels …), `environment` what it ran on.
    """

    run: int | None
    label: str
    state: State
    started_at: str
    seconds: float
    parameters: dict[str, Any]
    environment: dict[str, Any]
    results: tuple[Result, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of what ran to its end; inconclusive when the run was cut short.

        A skipped test says nothing for or against the code.
        """
        ran = [r.verdict for r in self.results if r.outcome is not Outcome.SKIPPED]
        worst = Verdict.worst(ran)
        complete = self.state is State.FINISHED and ran
        return worst if worst is Verdict.FAIL or complete else Verdict.INCONCLUSIVE

    def as_dict(self) -> dict[str, Any]:
        """Plain data; `format_version` grows when a reader would have to change."""
        return {
            "format_version": FORMAT_VERSION,
            "run": self.run,
            "label": self.label,
            "state": self.state,
            "verdict": self.verdict,
            "started_at": self.started_at,
            "seconds": self.seconds,
            "parameters": self.parameters,
            "environment": self.environment,
            "results": [result.as_dict() for result in self.results],
        }

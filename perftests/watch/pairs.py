"""What became worse than another version, of a run that measured both in pairs; pure."""

from collections.abc import Iterable, Mapping

from ..compare.verdicts import Finding
from ..records.causes import Cause, Key, Kind
from ..records.results import COMPARED, COUNTS, Outcome, Report, Result
from ..records.targets import Metric, Verdict
from ..reports.paired import ratios
from .findings import Findings, Open

WRONG: Mapping[str, bool | None] = {
    Finding.SLOWER: True,
    Finding.SAME: False,
    Finding.FASTER: False,
    Finding.UNCLEAR: None,
}

INSTRUCTIONS = "instructions"


def pairs(report: Report, place: str, ref: str, known: Open) -> Findings:
    """Of a comparison with `ref` in this place.

    Only counts that differ are in a report, so one that is known and not in it is the same again.
    """
    findings = Findings()
    for result in report.results:
        if result.suite == COMPARED:
            for ratio in ratios([result]):
                cause = _cause(result, ratio.metric, place, ref)
                findings.add(cause, WRONG.get(ratio.finding))
        elif result.suite == COUNTS and result.outcome is Outcome.COMPLETED:
            for metric in result.metrics:
                more = metric.required_verdict is Verdict.FAIL
                findings.add(_cause(result, metric, place, ref), more if metric.required else None)
            findings.measured |= set(_same(result, place, known))
    return findings


def _cause(result: Result, metric: Metric, place: str, ref: str) -> Cause:
    key = Key(Kind.REGRESSION, place, "", result.test, metric.name)
    return Cause(key, result.row, metric, against=ref)


def _same(result: Result, place: str, known: Open) -> Iterable[Key]:
    """The known counts that are looked at each time; a machine may not count instructions."""
    uncounted = any(note.startswith("Instructions are not counted") for note in result.notes)
    for key, cause in known.items():
        unit = cause.metric.unit if cause.metric else ""
        if (key.test, key.place) == (result.test, place) and not (
            uncounted and unit == INSTRUCTIONS
        ):
            yield key

"""Required targets that a run misses, and tests that failed; pure."""

from ..records.causes import Cause, Key, Kind
from ..records.results import Outcome, Report, Result
from ..records.targets import Verdict
from ..records.workload import workload_text
from .findings import Findings

ENDED: dict[Outcome, bool | None] = {
    Outcome.COMPLETED: False,
    Outcome.FAILED: True,
    Outcome.ERROR: True,
    Outcome.SKIPPED: None,
}
"""Whether a test that has come to this has failed."""

WRONG: dict[Verdict | None, bool | None] = {
    Verdict.FAIL: True,
    Verdict.PASS: False,
    Verdict.INCONCLUSIVE: None,
    None: None,
}
"""Whether a metric with such a required verdict misses its target."""


def missed(report: Report, place: str) -> Findings:
    """Of a run that measured in this place."""
    findings = Findings()
    for result in report.results:
        _look_at(result, place, findings)
    return findings


def _look_at(result: Result, place: str, findings: Findings) -> None:
    # What a test did is not known of one that never began, so a failure is the same at any size.
    failed = Cause(Key(Kind.MISSED, place, "", result.test, ""), result.row)
    findings.add(failed, ENDED[result.outcome])
    for metric in result.metrics:
        key = Key(Kind.MISSED, place, workload_text(result.workload), result.test, metric.name)
        findings.add(Cause(key, result.row, metric), WRONG[metric.required_verdict])

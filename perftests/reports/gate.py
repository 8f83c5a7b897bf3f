"""The gate: whether what was measured fails the command, for `--fail-on`."""

from typing import Literal

from ..records.results import Report
from ..records.targets import Verdict

Gate = Literal["required", "goal", "regression", "never"]

OF_A_RUN: tuple[Gate, ...] = ("required", "goal", "never")
OF_A_COMPARISON: tuple[Gate, ...] = ("regression", "never")


def is_shut(gate: Gate, report: Report) -> bool:
    """Whether the gate lets this report not through.

    `required` lets through what has met all of its required targets, `goal` what has met its goals
    as well, `regression` what has become worse in nothing, `never` everything.
    """
    match gate:
        case "never":
            return False
        case "regression":
            return report.verdict is Verdict.FAIL
        case "required":
            return report.verdict is not Verdict.PASS
        case "goal":
            return report.verdict is not Verdict.PASS or misses_a_goal(report)


def misses_a_goal(report: Report) -> bool:
    """Whether a goal is missed; one in doubt is not."""
    metrics = (metric for result in report.results for metric in result.metrics)
    return any(metric.goal_verdict is Verdict.FAIL for metric in metrics)

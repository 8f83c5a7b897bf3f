"""Which number of a test stands in its one line, and which may stay folded."""

from ..records.results import Result
from ..records.targets import Metric, Target, Verdict

TIMES = ("µs", "ms", "s")


def headline(result: Result) -> Metric | None:
    """The metric that needs a look most; where all is well, one with a goal or a limit."""
    return min(result.metrics, key=_place, default=None)


def usual(unit: str, better: str) -> int:
    """The smaller, the sooner a metric stands for its test where nothing is missed: how long
    somebody waits before how much of something there is, and that before what is only counted."""
    if better == "lower" and unit in TIMES:
        return 0
    return 1 if better in ("lower", "higher") else 2


def is_noticed(metric: Metric) -> bool:
    """Whether it is missed or in doubt, so that it stands open."""
    verdicts = (metric.required_verdict, metric.goal_verdict)
    return bool(metric.doubt) or any(v and v is not Verdict.PASS for v in verdicts)


def deciding(metric: Metric) -> Target | None:
    """The target to draw: the required one unless that is met, and then the stricter goal."""
    if metric.required and metric.required_verdict is not Verdict.PASS:
        return metric.required
    return metric.goal or metric.required


def _place(metric: Metric) -> tuple[int, int]:
    """The smaller, the sooner it is shown."""
    order = (
        metric.required_verdict is Verdict.FAIL,
        metric.required_verdict is Verdict.INCONCLUSIVE,
        metric.goal_verdict is Verdict.FAIL,
        metric.goal_verdict is Verdict.INCONCLUSIVE,
        metric.goal is not None,
        metric.required is not None and metric.required.operator != "==",
        metric.value is not None,
    )
    need = order.index(True) if True in order else len(order)
    return need, usual(metric.unit, metric.better)

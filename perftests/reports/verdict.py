"""The last screen: what a run came to, what it missed and what nobody can tell."""

from collections.abc import Callable, Iterable, Iterator

from django.utils.translation import gettext as _
from rich.console import Console
from rich.text import Text

from ..records.results import Outcome, Report, Result
from ..records.targets import Metric, Target, Verdict
from .console import VERDICT_STYLES, duration, print_list, score, shortfall
from .paired import ratios

ENDINGS = {
    Outcome.FAILED: "failed",
    Outcome.ERROR: "broke",
}

OWN_WORKLOADS = "Workloads that were changed: compare them with the same alone"

Pick = Callable[[Metric], Target | None]


def print_verdict(report: Report, console: Console) -> None:
    """The verdict, what broke, what was missed, required targets first, and what is in doubt."""
    console.print(headline(report))
    console.print(summary(report))
    print_list("Candidate ÷ baseline", compared(report.results), console)
    print_list(OWN_WORKLOADS, own_workloads(report.results), console)
    for result in report.results:
        if result.outcome in ENDINGS:
            _print_end(result, console)
    print_list("Missed, required", missed(report.results, lambda m: m.required), console)
    print_list("Missed goals", missed(report.results, lambda m: m.goal), console)
    print_list("In doubt", doubts(report.results), console)


def headline(report: Report) -> Text:
    """What run it is and what it came to, in one line."""
    run = "A run that is not stored" if report.run is None else f"Run {report.run}"
    text = Text(run, style="bold")
    if report.label:
        text.append(f" “{report.label}”")
    text.append(f", {report.started_at[:19].replace('T', ' ')} UTC, {report.state}")
    text.append(f" after {duration(report.seconds)}: ", style="not bold")
    return text.append(report.verdict, style=VERDICT_STYLES[report.verdict])


def summary(report: Report) -> Text:
    """How many tests passed and how many targets were met."""
    ran = [result.verdict for result in report.results if not result.skipped]
    skipped = len(report.results) - len(ran)
    metrics = [metric for result in report.results for metric in result.metrics]
    text = Text()
    passed = _("{passed} of {number} tests passed").format(
        passed=ran.count(Verdict.PASS), number=len(report.results)
    )
    others = _("{failed} failed, {undecided} inconclusive, {skipped} skipped.").format(
        failed=ran.count(Verdict.FAIL), undecided=ran.count(Verdict.INCONCLUSIVE), skipped=skipped
    )
    met = _("Targets met: required {required}, goals {goals}.").format(
        required=score(m.required_verdict for m in metrics) or _("none"),
        goals=score(m.goal_verdict for m in metrics) or _("none"),
    )
    return text.append(passed, style="bold").append(f", {others} {met}")


def compared(results: Iterable[Result]) -> Iterator[tuple[Text, ...]]:
    """Name, ratio and what is found of it, of each metric of a comparison of two versions."""
    for ratio in ratios(results):
        yield Text(ratio.metric.name), Text(ratio.metric.text), Text(ratio.text)


def own_workloads(results: Iterable[Result]) -> Iterator[tuple[Text, ...]]:
    """Row and numbers of each workload that the project has changed."""
    for result in results:
        if own := [str(chosen) for chosen in result.workload if chosen.changed]:
            yield Text(result.row), Text(", ".join(own))


def missed(results: Iterable[Result], target_of: Pick) -> Iterator[tuple[Text, ...]]:
    """Row, name, value, limit and how far beyond it, of each metric that misses such a target."""
    for result in results:
        for metric in result.metrics:
            target = target_of(metric)
            if target and metric.judge(target) is Verdict.FAIL:
                far = Text(shortfall(metric.value, target), style=VERDICT_STYLES[Verdict.FAIL])
                yield (
                    Text(result.row),
                    Text(metric.name),
                    Text(metric.text),
                    Text(str(target)),
                    far,
                )


def doubts(results: Iterable[Result]) -> Iterator[tuple[Text, ...]]:
    """Row, name and reason, of each metric that cannot be judged and each test that was skipped."""
    for result in results:
        if result.skipped:
            yield Text(result.row), Text("skipped"), Text(result.detail)
        nothing = all(metric.value is None for metric in result.metrics)
        for metric in result.metrics:
            if why := metric.undecided or (metric.doubt if nothing else ""):
                yield Text(result.row), Text(metric.name), Text(why)


def _print_end(result: Result, console: Console) -> None:
    console.print()
    console.print(Text(f"{result.row}  {ENDINGS[result.outcome]}: {result.test}", style="bold"))
    if result.detail:
        console.print(Text(result.detail.strip()), soft_wrap=True)

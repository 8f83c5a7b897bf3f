"""The report for people at a terminal."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from ..measure import environment
from ..measure.results import Outcome, Report, Result
from ..measure.targets import Metric, Target, Verdict
from ..measure.units import format_value

VERDICT_STYLES = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.INCONCLUSIVE: "yellow",
}
FAILURE_WORDS = {
    Outcome.COMPLETED: "missed its target",
    Outcome.FAILED: "failed",
    Outcome.ERROR: "broke",
}


def print_report(report: Report, console: Console) -> None:
    """All of a run: every metric with its targets, what is in doubt, what failed and why."""
    console.print(headline(report))
    console.print(environment_table(report))
    for suite, results in groupby(report.results, key=lambda result: result.suite):
        console.print(Rule(Text(suite, style="bold")))
        for result in results:
            _print_result(result, console)
    _print_failures(report.results, console)
    console.print(summary(report))


def print_summary(results: Sequence[Result], console: Console) -> None:
    """One line for each test, for the end of `manage.py test`."""
    table = Table("Row", "Test", "Verdict", "Asked", "Ours", "Time", box=SIMPLE_HEAD)
    for result in results:
        table.add_row(
            result.row,
            Text(result.title),
            verdict_text(result),
            _score(metric.asked_verdict for metric in result.metrics),
            _score(metric.ours_verdict for metric in result.metrics),
            duration(result.seconds),
        )
    console.print(table)


def headline(report: Report) -> Text:
    """What run it is and what it came to, in one line."""
    text = Text(f"Run {report.run}", style="bold")
    if report.label:
        text.append(f" “{report.label}”")
    text.append(f", {report.started_at[:19].replace('T', ' ')} UTC, {report.state}")
    text.append(f" after {duration(report.seconds)}: ", style="not bold")
    return text.append(report.verdict, style=VERDICT_STYLES[report.verdict])


def environment_table(report: Report) -> Table:
    """What the run was asked to do and what it ran on."""
    ran_on = report.environment
    database = ran_on["database"]
    calibration = ", ".join(
        f"{k.removesuffix('_ms')} {v:.1f} ms" for k, v in ran_on["calibration"].items()
    )
    rows: dict[str, Any] = {
        "machine": environment.short(ran_on),
        "system": f"{ran_on['os']}, {ran_on['kernel']}",
        "database": f"{database['vendor']} {database['version']}",
        "channel layer": ran_on["channel_layer"],
        "server": ran_on["server"],
        "scale": report.parameters.get("scale", ""),
        "packages": ", ".join(
            f"{name} {ran_on['packages'][name]}"
            for name in ("django", "channels", "daphne", "uvicorn")
            if name in ran_on["packages"]
        ),
        "settings": ran_on["settings_digest"],
        "load average": ", ".join(f"{load:.2f}" for load in ran_on["load_average"]),
        "calibration": calibration,
        "noise floor": format_value(ran_on["noise_floor_percent"], "%"),
    }
    table = Table.grid(padding=(0, 2))
    for name, value in rows.items():
        table.add_row(Text(name, style="dim"), Text(str(value)))
    return table


def summary(report: Report) -> Text:
    """How many tests passed and how many targets were met."""
    ran = [result.verdict for result in report.results if result.outcome is not Outcome.SKIPPED]
    skipped = len(report.results) - len(ran)
    metrics = [metric for result in report.results for metric in result.metrics]
    text = Text()
    text.append(f"{ran.count(Verdict.PASS)} of {len(report.results)} tests passed", style="bold")
    text.append(f", {ran.count(Verdict.FAIL)} failed, {ran.count(Verdict.INCONCLUSIVE)}")
    text.append(f" inconclusive, {skipped} skipped.")
    text.append(f" Targets met: asked {_score(m.asked_verdict for m in metrics) or 'none'}")
    return text.append(f", ours {_score(m.ours_verdict for m in metrics) or 'none'}.")


def verdict_text(result: Result) -> Text:
    """The verdict of a test in its colour; a skip by its own name."""
    word = "skipped" if result.outcome is Outcome.SKIPPED else result.verdict
    return Text(word, style=VERDICT_STYLES[result.verdict])


def target_text(metric: Metric, target: Target | None) -> Text:
    """A target with its verdict, a missed one with by how much."""
    verdict = metric.judge(target)
    if target is None or verdict is None:
        return Text()
    word = shortfall(metric.value, target) if verdict is Verdict.FAIL else verdict
    return Text(f"{target}  ").append(word, style=VERDICT_STYLES[verdict])


def shortfall(value: float | None, target: Target) -> str:
    """By how much a target is missed, such as "missed by 12 %"."""
    distance = abs((value or 0) - target.limit)
    if target.limit:
        return f"missed by {100 * distance / abs(target.limit):.3g} %"
    return f"missed by {distance:g}"


def duration(seconds: float) -> str:
    """A length of time for people, such as "3 min 12 s"."""
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def _print_result(result: Result, console: Console) -> None:
    title = Text(f"{result.row}  {result.title}".strip(), style="bold").append("  ")
    console.print(title.append_text(verdict_text(result)), Text(duration(result.seconds)))
    if result.metrics:
        console.print(_metrics_table(result.metrics))
    doubts = [f"{m.name} is in doubt: {m.doubt}" for m in result.metrics if m.doubt]
    skip = [result.detail] if result.outcome is Outcome.SKIPPED else []
    for sentence in (*skip, *doubts, *result.notes):
        console.print(Text(f"  {sentence}"))
    console.print()


def _metrics_table(metrics: Iterable[Metric]) -> Table:
    table = Table("Metric", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Value", justify="right")
    table.add_column("Asked")
    table.add_column("Ours")
    for metric in metrics:
        table.add_row(
            Text(metric.name),
            Text(format_value(metric.value, metric.unit)),
            target_text(metric, metric.asked),
            target_text(metric, metric.ours),
        )
    return table


def _print_failures(results: Iterable[Result], console: Console) -> None:
    failed = [result for result in results if result.verdict is Verdict.FAIL]
    if failed:
        console.print(Rule(Text("failures", style="bold red")))
    for result in failed:
        console.print(Text(f"{FAILURE_WORDS[result.outcome]}: {result.test}", style="bold"))
        missed = [m for m in result.metrics if m.asked_verdict is Verdict.FAIL]
        for metric in missed:
            value = format_value(metric.value, metric.unit)
            console.print(Text(f"{metric.name} is {value}, asked {metric.asked}"))
        if result.detail:
            console.print(Text(result.detail.strip()), soft_wrap=True)
        console.print()


def _score(verdicts: Iterable[Verdict | None]) -> str:
    """How many of the targets that exist are met, such as "3/4"."""
    judged = [verdict for verdict in verdicts if verdict is not None]
    return f"{judged.count(Verdict.PASS)}/{len(judged)}" if judged else ""

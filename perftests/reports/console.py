"""The report for people at a terminal."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django.utils import timezone
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from ..measure.units import format_value
from ..records import environment
from ..records.results import Report, Result
from ..records.targets import Metric, Target, Verdict
from ..records.workload import changed

VERDICT_STYLES = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.INCONCLUSIVE: "yellow",
}
SHOWN_NAMES = 5


def print_report(report: Report, console: Console) -> None:
    """What a run was told and ran on, and every metric of every test with its targets."""
    console.print(environment_table(report))
    for suite, results in groupby(report.results, key=lambda result: result.suite):
        console.print(Rule(Text(suite, style="bold")))
        for result in results:
            _print_result(result, console)


def print_summary(results: Sequence[Result], console: Console) -> None:
    """One line for each test, for the end of `manage.py test`."""
    table = Table("Row", "Test", "Verdict", "Required", "Goal", "Time", box=SIMPLE_HEAD)
    for result in results:
        table.add_row(
            Text(result.row),
            Text(result.title + (" (own workload)" if changed(result.workload) else "")),
            verdict_text(result),
            score(metric.required_verdict for metric in result.metrics),
            score(metric.goal_verdict for metric in result.metrics),
            duration(result.seconds),
        )
    console.print(table)


def print_list(title: str, rows: Iterable[tuple[Text, ...]], console: Console) -> None:
    """Rows under a title; nothing without rows."""
    table = Table.grid(padding=(0, 2))
    for row in rows:
        table.add_row(*row)
    if table.row_count:
        console.print()
        console.print(Text(title, style="bold"))
        console.print(Padding(table, (0, 0, 0, 2), expand=False))


def environment_table(report: Report) -> Table:
    """What the run was told to do and what it ran on."""
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


def verdict_text(result: Result) -> Text:
    """The verdict of a test in its colour; a skip by its own name."""
    word = "skipped" if result.skipped else result.verdict
    return Text(word, style=VERDICT_STYLES[result.verdict])


def target_text(metric: Metric, target: Target | None) -> Text:
    """A target with its verdict, a missed one with by how much."""
    verdict = metric.judge(target)
    if target is None or verdict is None:
        return Text()
    word = shortfall(metric.value, target) if verdict is Verdict.FAIL else verdict
    return Text(f"{target}  ").append(word, style=VERDICT_STYLES[verdict])


def shortfall(value: float | None, target: Target) -> str:
    """By how much a target is missed, such as "missed by 12.0 %"."""
    distance = abs((value or 0) - target.limit)
    if target.limit:
        return f"missed by {format_value(100 * distance / abs(target.limit), '%')}"
    return f"missed by {format_value(distance, '')}"


def duration(seconds: float) -> str:
    """A length of time for people, such as "3 min 12 s"."""
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def local(moment: datetime) -> datetime:
    """A moment by the clock of the site, which it is already where `USE_TZ` is off."""
    return timezone.localtime(moment) if timezone.is_aware(moment) else moment


def _print_result(result: Result, console: Console) -> None:
    title = Text(f"{result.row}  {result.title}".strip(), style="bold").append("  ")
    console.print(title.append_text(verdict_text(result)), Text(duration(result.seconds)))
    if result.workload:
        console.print(Text(f"  workload: {', '.join(map(str, result.workload))}", style="dim"))
    if result.metrics:
        console.print(_metrics_table(result.metrics))
    doubts = [f"{m.name}: {why}" for m in result.metrics if (why := m.undecided or m.doubt)]
    for sentence in (*doubts, *result.notes):
        console.print(Text(f"  {sentence}"))
    console.print()


def _metrics_table(metrics: Iterable[Metric]) -> Table:
    table = Table("Metric", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Value", justify="right")
    table.add_column("Required")
    table.add_column("Goal")
    for metric in metrics:
        table.add_row(
            Text(metric.name),
            Text(metric.text),
            target_text(metric, metric.required),
            target_text(metric, metric.goal),
        )
    return table


def score(verdicts: Iterable[Verdict | None]) -> str:
    """How many of the targets that exist are met, such as "3/4"."""
    judged = [verdict for verdict in verdicts if verdict is not None]
    return f"{judged.count(Verdict.PASS)}/{len(judged)}" if judged else ""


def abridged(names: Sequence[str]) -> str:
    """The first few of many names, and how many more there are."""
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return ", ".join(names[:SHOWN_NAMES]) + more

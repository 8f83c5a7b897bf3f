"""The report as Markdown, for a pull request: verdict, what is missed, what is in doubt."""

from collections.abc import Iterable, Iterator

from ...records.results import Outcome, Report, Result
from ...records.targets import Verdict
from ..console import duration, score
from ..verdict import compared, doubts, missed, own_workloads

SIGNS = {Verdict.PASS: "✅", Verdict.FAIL: "❌", Verdict.INCONCLUSIVE: "⚠️"}
SPECIAL = str.maketrans({character: f"\\{character}" for character in "\\`*_[]<>|#"})


def render(report: Report) -> str:
    """Summary first, then a table of what is missed and of what is in doubt, then every row."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    name = "Performance" if report.run is None else f"Performance, run {report.run}"
    label = f" “{plain(report.label)}”" if report.label else ""
    yield f"## {SIGNS[report.verdict]} {name}{label}: {report.verdict}"
    yield ""
    yield _summary(report)
    yield from _table(
        "Compared", ("metric", "candidate ÷ baseline", "it is"), compared(report.results)
    )
    yield from _table(
        "Missed, required",
        ("row", "metric", "value", "required", "by"),
        missed(report.results, lambda m: m.required),
    )
    yield from _table(
        "Missed goals",
        ("row", "metric", "value", "goal", "by"),
        missed(report.results, lambda m: m.goal),
    )
    yield from _table("In doubt", ("row", "metric", "why"), doubts(report.results))
    yield from _table("Own workloads", ("row", "numbers"), own_workloads(report.results))
    yield from _table("Broken", ("row", "test", "how"), _broken(report.results))
    yield ""
    yield "<details><summary>Every row</summary>"
    yield from _table("", ("row", "", "test", "required", "goal", "time"), _rows(report.results))
    yield ""
    yield "</details>"


def _summary(report: Report) -> str:
    metrics = [metric for result in report.results for metric in result.metrics]
    required = score(metric.required_verdict for metric in metrics) or "none"
    goals = score(metric.goal_verdict for metric in metrics) or "none"
    scale = report.parameters.get("scale", "")
    commit = (report.environment.get("git") or {}).get("commit", "")[:12]
    where = ", ".join(plain(str(part)) for part in (scale, commit) if part)
    return (
        f"{len(report.results)} tests in {duration(report.seconds)} ({where}). "
        f"Targets met: required {required}, goals {goals}."
    )


def _rows(results: Iterable[Result]) -> Iterator[tuple[str, ...]]:
    for result in results:
        yield (
            result.row,
            SIGNS[result.verdict],
            result.title,
            score(metric.required_verdict for metric in result.metrics),
            score(metric.goal_verdict for metric in result.metrics),
            duration(result.seconds),
        )


def _broken(results: Iterable[Result]) -> Iterator[tuple[str, str, str]]:
    for result in results:
        if result.outcome is Outcome.ERROR:
            last = result.detail.strip().splitlines()[-1:] or [""]
            yield result.row, result.test, last[0]


def _table(title: str, columns: tuple[str, ...], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """A table with its title, or nothing where it has no rows."""
    lines = [f"| {' | '.join(map(plain, row))} |" for row in rows]
    if lines:
        yield ""
        if title:
            yield f"### {title}"
            yield ""
        yield f"| {' | '.join(columns)} |"
        yield f"|{' --- |' * len(columns)}"
        yield from lines


def plain(text: object) -> str:
    """Text that Markdown shows as it is, in one line."""
    return " ".join(str(text).split()).translate(SPECIAL)

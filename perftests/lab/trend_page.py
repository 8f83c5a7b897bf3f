"""The page of one metric over the stored runs, apart by machine, workload and configuration."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from ..measure.changepoints import Step
from ..measure.units import format_value
from ..models import PerfResult, PerfRun
from ..records.results import State
from ..records.targets import shown
from ..reports import trends
from ..reports.trends import Trend
from . import showing
from .drawings import timeline
from .headline import usual

MOST_RUNS = 200
"""The newest that have measured it: to look for steps in them takes a tenth of a second."""

MOST_CHARTS = 5
"""Places and workloads; those that were measured last."""

OFFERED_RUNS = 20
"""The newest, of which the tests are offered."""


@dataclass(frozen=True, slots=True)
class Row:
    """A run in the table under a chart, and what happened before it."""

    run: PerfRun
    code: SafeString
    value: str
    happened: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A metric in one place."""

    trend: Trend
    timeline: timeline.Timeline
    steps: Sequence[tuple[PerfRun, str]]
    """The first run at each new level, and what has changed."""
    rows: Sequence[Row]
    """Newest first."""


def page(asked: QueryDict) -> dict[str, Any]:
    """What the template needs; without a test or a metric asked for, those that come first."""
    tests = _tests()
    test = asked.get("test") or next(iter(tests), "")
    runs = _having(test)
    found = trends.of(runs.values(), [test])
    names = list(dict.fromkeys(trend.of.name for trend in sorted(found, key=_usual)))
    name = asked.get("metric") or next(iter(names), "")
    chosen = [trend for trend in found if trend.of.name == name]
    order = list(runs)
    chosen.sort(key=lambda trend: order.index(trend.runs[-1]))
    return {
        "title": _("Trend"),
        "tests": tests,
        "names": names,
        "test": test,
        "name": name,
        "drawn": [_drawn(trend, runs) for trend in chosen[:MOST_CHARTS]],
        "left_out": len(chosen[MOST_CHARTS:]),
        "most": MOST_RUNS,
    }


def _having(test: str) -> dict[int, PerfRun]:
    """The newest runs of a test, by number, the newest first; none for what is no name of one."""
    if "\0" in test:
        return {}
    ended = PerfRun.objects.measured().exclude(state=State.RUNNING)
    having = PerfResult.objects.filter(test=test).values("run")
    return {run.pk: run for run in ended.filter(pk__in=having)[:MOST_RUNS]}


def _tests() -> dict[str, str]:
    """The tests of the newest runs, with their rows and titles."""
    newest = PerfRun.objects.measured().exclude(state=State.RUNNING)[:OFFERED_RUNS]
    results = PerfResult.objects.filter(run__in=[run.pk for run in newest]).order_by("row", "pk")
    named = results.values_list("test", "row", "title")
    return {test: f"{row} {title}".strip() for test, row, title in named}


def _usual(trend: Trend) -> int:
    return usual(trend.of.unit, trend.of.better)


def _drawn(trend: Trend, runs: Mapping[int, PerfRun]) -> Drawn:
    steps = trend.steps()
    own = [runs[pk] for pk in trend.runs]
    releases = list(_releases(own))
    told = {step.index: _told(trend, step) for step in steps}
    rows = [
        Row(
            run=run,
            code=showing.code(run),
            value=_value(trend, at),
            happened=", ".join(filter(None, [releases[at], told.get(at, "")])),
        )
        for at, run in enumerate(own)
    ]
    drawn = timeline.draw(trend.runs, trend.values, trend.intervals, steps, releases, trend.of.unit)
    return Drawn(trend, drawn, [(own[at], text) for at, text in told.items()], rows[::-1])


def _releases(runs: Sequence[PerfRun]) -> Iterator[str]:
    """For each run the release that it is the first of, or nothing."""
    latest = ""
    for run in runs:
        git = run.environment.get("git") or {}
        name = git.get("tag") or run.environment.get("installed") or ""
        yield name if name != latest else ""
        latest = name or latest


def _value(trend: Trend, at: int) -> str:
    value, interval = format_value(trend.values[at], trend.of.unit), trend.intervals[at]
    return f"{value} ({shown(interval)})" if interval else value


def _told(trend: Trend, step: Step) -> str:
    """Which way a step went, and from which level to which."""
    before, after = (format_value(level, trend.of.unit) for level in (step.before, step.after))
    words = {"worse": _("worse"), "better": _("better"), "changed": _("changed")}
    word = words[trend.direction(step)]
    return _("%(word)s: from %(before)s to %(after)s") % {
        "word": word,
        "before": before,
        "after": after,
    }

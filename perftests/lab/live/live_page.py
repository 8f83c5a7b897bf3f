"""A run that goes on: the page stays, a script or a reload of the browser renews its part.

All of it is in rows, so that it does not matter which process answers, nor since when it runs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ... import store
from ...exceptions import PerftestsError
from ...measure.series import Series
from ...models import PerfRun
from ...records.live import Live, Point
from ...records.results import Result, State
from ...reports.console import duration
from ...reports.exports.svg import Chart, series_charts
from ..chosen import runs
from ..headline import headline
from ..showing import badges, ending
from .start_page import wish_of

NEWEST_RESULTS = 5

NAMES = {
    ("messages", "/s"): gettext_lazy("messages"),
    ("messages", "ms"): gettext_lazy("latency, median"),
    ("connections", "/s"): gettext_lazy("connections"),
    ("connections", "ms"): gettext_lazy("time to connect, median"),
    ("answers", "/s"): gettext_lazy("answers"),
    ("answers", "ms"): gettext_lazy("time to answer, median"),
}
"""What meters say, by kind and unit, as the reader calls it."""

SILENT_SECONDS = 5
"""Without a sign of life, of which there is one every second: then that is told."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A test of the run that has a result, and the number that stands for it."""

    result: Result
    headline: str
    time: str


def page(asked: QueryDict) -> HttpResponse | dict[str, Any]:
    """What the template needs to follow the run of `?run=12`, or the newest that goes on.

    Redirects to the page of a run that has ended. Raises `PerftestsError` where there is none.
    """
    run = _run(asked)
    if run.current_state is not State.RUNNING:
        return HttpResponseRedirect(f"../{run.pk}/change/")  # of whichever admin was asked
    return {"title": _("Live"), "wish": wish_of(run), **_context(run)}


def part(asked: QueryDict) -> dict[str, Any]:
    """What the part of the page needs that is fetched again and again."""
    return _context(_run(asked))


def _run(asked: QueryDict) -> PerfRun:
    if "run" in asked:
        return runs(asked, fewest=1, most=1)[0]
    newest = PerfRun.objects.running().order_by("-heard_at").first()
    if newest is None:
        raise PerftestsError(_("No run goes on now."))
    return newest


def _context(run: PerfRun) -> dict[str, Any]:
    live = store.told(run) or Live()
    now = timezone.now()
    silent = (now - run.heard_at).total_seconds()
    ended = run.current_state is not State.RUNNING
    return {
        "run": run,
        "live": live,
        "badges": badges(run),
        "ended": ended,
        "ending": ending(run),
        "running_for": duration((now - run.started_at).total_seconds()),
        "silent_for": duration(silent) if silent > SILENT_SECONDS and not ended else "",
        "percent": 100 * min(1.0, live.done / live.total) if live.done and live.total else None,
        "charts": list(_charts(live)),
        "results": [_ended(result) for result in store.newest_results(run, NEWEST_RESULTS)],
    }


def _charts(live: Live) -> Iterator[Chart]:
    """What is measured now, and what that uses; seconds count from the first one shown."""
    drawn = (
        *((str(NAMES.get((c.name, c.unit), c.name)), c.unit, c.points) for c in live.curves),
        (_("CPU"), "%", live.cpu),
        (_("memory"), "MB", live.memory),
    )
    yield from series_charts([_series(*each) for each in drawn if len(each[2]) > 1])


def _series(name: str, unit: str, points: tuple[Point, ...]) -> Series:
    begun = points[0][0]
    seconds, values = zip(*((at - begun, value) for at, value in points), strict=True)
    return Series(name, unit, seconds, values)


def _ended(result: Result) -> Ended:
    head = headline(result)
    return Ended(result, f"{head.name} {head.text}" if head else "", duration(result.seconds))

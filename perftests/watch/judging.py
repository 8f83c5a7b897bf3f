"""From a stored run to rows: which causes are new with it, and which are over."""

from collections.abc import Collection, Iterable
from hashlib import sha256

from django.db import transaction
from django.utils import timezone

from .. import store
from ..lab.earlier import with_earlier
from ..models import PerfAlert, PerfRun, PerfRunQuerySet
from ..records import codec
from ..records.causes import Cause, Key, Kind
from ..reports import trends
from ..reports.side_by_side.comparison import Comparison
from ..reports.trends import Trend
from .findings import Findings, News, Open, news
from .missed import missed
from .pairs import pairs
from .steps import steps
from .worse import steady, worse

MOST_LOOKED_AT = 200
"""Of the runs up to one, the newest; those of its place among them become trends."""


def waiting() -> PerfRunQuerySet:
    """The runs of `perf watch` that have ended, and of which nobody knows what is news yet."""
    return PerfRun.objects.ended().filter(to_judge=True).order_by("started_at", "pk")


def judge(run: PerfRun) -> None:
    """Store what is news with a run, once, whatever ends the process meanwhile."""
    known = _causes(PerfAlert.objects.open())
    told = news(known, findings(run, known))
    with transaction.atomic():
        # Whoever changes it first has judged it; another watch may have been quicker.
        if PerfRun.objects.filter(pk=run.pk, to_judge=True).update(to_judge=False):
            _store(run, told)


def findings(run: PerfRun, known: Open) -> Findings:
    """What a run shows, beside those before it."""
    report, place = store.load(run), trends.place(run)
    if ref := run.parameters.get("against"):
        return pairs(report, f"{place}, against {ref}", ref, known)
    found = missed(report, place)
    lines = _lines(run, place)
    comparison = with_earlier(report, run)
    pinned = comparison is not None and _is_pinned(comparison)
    same = steady(lines)
    found.update(worse(comparison, report.results, place, known, steady=same, pinned=pinned))
    found.update(steps(lines, known, _ever(lines)))
    return found


def _lines(run: PerfRun, place: str) -> list[Trend]:
    """The metrics of a run over it and those before it in its place."""
    ended = PerfRun.objects.measured().ended().filter(started_at__lte=run.started_at)
    newest = [each for each in ended[:MOST_LOOKED_AT] if trends.place(each) == place]
    return [t for t in trends.of(newest[: trends.MOST_RUNS]) if t.runs[-1] == run.pk]


def _ever(lines: Iterable[Trend]) -> Collection[Key]:
    """The keys of the steps that were ever told in the time of these.

    What began to miss its target or to be a regression with a run stepped with that run, and is not
    told again.
    """
    first = min((line.runs[0] for line in lines), default=0)  # no alert is older than its step
    alerts = PerfAlert.objects.filter(opened_by__gte=first)
    keys = ((cause_of(alert).key, alert.opened_by) for alert in alerts)
    return {key._replace(kind=Kind.STEP, since=key.since or found_by) for key, found_by in keys}


def _is_pinned(comparison: Comparison) -> bool:
    earlier = comparison.reports[0].run
    return earlier is not None and PerfRun.objects.filter(pk=earlier, pinned=True).exists()


def _causes(alerts: Iterable[PerfAlert]) -> dict[Key, Cause]:
    causes = (cause_of(alert) for alert in alerts)
    return {cause.key: cause for cause in causes}


def cause_of(alert: PerfAlert) -> Cause:
    """What a stored alert is about."""
    return codec.from_builtins(alert.cause, Cause)


def _store(run: PerfRun, told: News) -> None:
    now = timezone.now()
    PerfAlert.objects.bulk_create(
        (
            PerfAlert(
                digest=_digest(cause.key),
                cause=codec.to_builtins(cause),
                opened_by=run.pk,
                opened_at=now,
            )
            for cause in told.begun
        ),
        ignore_conflicts=True,
    )
    over = PerfAlert.objects.open().filter(digest__in=[_digest(cause.key) for cause in told.over])
    over.update(closed_by=run.pk, closed_at=now)


def _digest(key: Key) -> str:
    return sha256("\0".join(map(str, key)).encode()).hexdigest()

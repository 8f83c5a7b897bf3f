"""Writes runs to the database and reads them back; nothing else writes these rows.

What deletes them is `pruning`.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, DataError, IntegrityError, connections, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import QuerySet
from django.utils import timezone

from notifications.db.clock import in_utc

from .exceptions import PerftestsError, UnreadableReport
from .models import PerfLive, PerfMetric, PerfResult, PerfRun
from .records import codec
from .records.codec import without
from .records.live import Live
from .records.results import FORMAT_VERSION, Outcome, Report, Result, State
from .records.storable import plain, shown, storable

COMMIT_LENGTH = 12


def prepare(alias: str = DEFAULT_DB_ALIAS) -> None:
    """Create the tables that runs are stored in, or bring them up to date; in an empty database
    those of all apps, so that a fresh checkout needs no other step.

    What else is in a database that is used is for `manage.py migrate`: it may be that of a site
    whose code is older than this one, and has rows that a migration would change.
    """
    empty = not MigrationRecorder(connections[alias]).applied_migrations()
    labels = [] if empty else [PerfRun._meta.app_label]
    call_command("migrate", *labels, database=alias, verbosity=0, interactive=False)


def start(
    label: str,
    parameters: dict[str, Any],
    environment: dict[str, Any],
    *,
    to_judge: bool = False,
) -> PerfRun:
    """Store a run that begins now; close the runs whose process died before."""
    for lost in PerfRun.objects.lost():
        finish(lost, State.ABORTED, (lost.heard_at - lost.started_at).total_seconds())
    git = environment.get("git") or {}
    return PerfRun.objects.create(
        label=label,
        parameters=parameters,
        environment=environment,
        commit=git.get("commit", "")[:COMMIT_LENGTH],
        to_judge=to_judge,
    )


def add(run: PerfRun, result: Result) -> None:
    """Store one result with its metrics: all of it, or why that was not possible.

    Raises `DatabaseError` where the database takes nothing at all.
    """
    result = storable(result)
    try:
        _insert(run, result)
    except (DataError, IntegrityError, TypeError, ValueError) as error:
        _insert(run, without_numbers(result, error))


def without_numbers(result: Result, error: Exception) -> Result:
    """What is left of a result that the database refused."""
    numbers = shown([(metric.name, metric.value) for metric in result.metrics])
    detail = f"{result.detail}\nIt could not be stored: {error}\n{numbers}".strip()
    return Result(
        test=result.test,
        suite=result.suite,
        row=result.row,
        title=result.title,
        outcome=Outcome.ERROR,
        seconds=result.seconds,
        detail=plain(detail),
    )


def _insert(run: PerfRun, result: Result) -> None:
    fields = codec.to_builtins(result)
    metrics = [without(None, metric) for metric in fields.pop("metrics")]
    with transaction.atomic():
        row = PerfResult.objects.create(run=run, **fields)
        PerfMetric.objects.bulk_create(PerfMetric(result=row, **metric) for metric in metrics)
        run.heard_at = timezone.now()
        run.save(update_fields=["heard_at"])


def tell(run: PerfRun, live: Live) -> None:
    """Store what the run is doing now, in the place of what it did before."""
    PerfLive(run_id=run.pk, state=codec.to_builtins(live)).save()


def told(run: PerfRun) -> Live | None:
    """What the run was doing when it was last heard of; `None` of one that came to its end."""
    state = PerfLive.objects.filter(run=run).values_list("state", flat=True).first()
    return None if state is None else codec.from_builtins(state, Live)


def finish(run: PerfRun, state: State, seconds: float) -> Report:
    """Close the run after `seconds`, with the verdict that its stored results come to."""
    if state is State.FINISHED:
        PerfLive.objects.filter(run=run).delete()
    run.state = state
    run.seconds = seconds
    report = load(run)
    run.verdict = report.verdict
    run.save(update_fields=["state", "seconds", "verdict"])
    return report


def keep(report: Report, *, to_judge: bool = False) -> PerfRun:
    """Store a whole report, such as one of another machine, as a run of its own.

    One that was written while its run went on is that of a run that was cut short: nobody goes on
    with it here. Raises `UnreadableReport` where the database cannot store what it says of the run.
    """
    git = report.environment.get("git") or {}
    started_at = datetime.fromisoformat(report.started_at)
    run = PerfRun(
        label=plain(report.label),
        state=State.ABORTED if report.state is State.RUNNING else report.state,
        verdict=report.verdict,
        started_at=started_at if settings.USE_TZ else timezone.make_naive(started_at),
        seconds=report.seconds,
        commit=str(git.get("commit", ""))[:COMMIT_LENGTH],
        parameters=report.parameters,
        environment=report.environment,
        to_judge=to_judge,
    )
    try:
        with transaction.atomic():
            run.save()
            for result in report.results:
                add(run, result)
    except (DataError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UnreadableReport(f"The report cannot be stored: {reason}.") from error
    return run


def pin(runs: Iterable[PerfRun], *, pinned: bool = True) -> int:
    """Let these runs stay when old ones are deleted, or no longer; how many there still were."""
    return PerfRun.objects.filter(pk__in=[run.pk for run in runs]).update(pinned=pinned)


def load(run: PerfRun) -> Report:
    """The report of a stored run, each result exactly as it was given to `add`."""
    metrics = PerfMetric.objects.filter(result__run=run)
    return report(run, _results(run.results.all(), metrics))


def newest_results(run: PerfRun, limit: int) -> list[Result]:
    """The results that came last, the newest first."""
    newest = list(run.results.order_by("-pk").values_list("pk", flat=True)[:limit])
    metrics = PerfMetric.objects.filter(result__in=newest)
    return _results(run.results.filter(pk__in=newest), metrics)[::-1]


def readable(run: PerfRun) -> Report:
    """The same, to be compared; raises `PerftestsError` for a run of another format version."""
    if run.format_version != FORMAT_VERSION:
        raise PerftestsError(
            f"Run {run.pk} has format version {run.format_version}, and only {FORMAT_VERSION} can "
            "be compared here; compare it with the version of perftests that stored it."
        )
    return load(run)


def report(run: PerfRun, results: Iterable[Result]) -> Report:
    """The report of a run with these results."""
    return Report(
        run=run.pk,
        label=run.label,
        state=run.current_state,
        started_at=in_utc(run.started_at).astimezone(UTC).isoformat(),
        seconds=run.seconds,
        parameters=run.parameters,
        environment=run.environment,
        results=tuple(results),
    )


def recent(limit: int) -> QuerySet[PerfRun]:
    """The newest `limit` runs, each with the counts of its results."""
    # Spelled out, because Django leaves a model's own ordering out of a query that counts.
    return PerfRun.objects.with_counts().order_by("-started_at", "-pk")[:limit]


def _results(rows: QuerySet[PerfResult], metrics: QuerySet[PerfMetric]) -> list[Result]:
    had: dict[int, list[Mapping[str, Any]]] = {}
    # As plain rows: objects of a model take three times as long.
    for metric in metrics.values():
        had.setdefault(metric["result_id"], []).append(metric)
    return [_result(row, had.get(row["id"], ())) for row in rows.values()]


def _result(row: Mapping[str, Any], metrics: Iterable[Mapping[str, Any]]) -> Result:
    # An empty column is what a metric does not have.
    had = [without("", metric) for metric in metrics]
    return codec.from_builtins({**row, "metrics": had}, Result)

"""Writes runs to the database and reads them back; nothing else writes these rows."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.forms.models import model_to_dict
from django.utils import timezone

from .measure.results import Report, Result, State
from .models import PerfMetric, PerfResult, PerfRun

COMMIT_LENGTH = 12


def start(label: str, parameters: dict[str, Any], environment: dict[str, Any]) -> PerfRun:
    """Store a run that begins now; close the runs whose process died before."""
    for lost in PerfRun.objects.lost():
        finish(lost, State.ABORTED, (lost.heard_at - lost.started_at).total_seconds())
    git = environment.get("git") or {}
    return PerfRun.objects.create(
        label=label,
        parameters=parameters,
        environment=environment,
        commit=git.get("commit", "")[:COMMIT_LENGTH],
    )


def add(run: PerfRun, result: Result) -> None:
    """Store one result with its metrics: all of it or nothing."""
    fields = result.as_dict()
    metrics = fields.pop("metrics")
    with transaction.atomic():
        row = PerfResult.objects.create(run=run, **fields)
        PerfMetric.objects.bulk_create(PerfMetric(result=row, **metric) for metric in metrics)
        run.heard_at = timezone.now()
        run.save(update_fields=["heard_at"])


def finish(run: PerfRun, state: State, seconds: float) -> None:
    """Close the run after `seconds`, with the verdict that its stored results come to."""
    run.state = state
    run.seconds = seconds
    run.verdict = load(run).verdict
    run.save(update_fields=["state", "seconds", "verdict"])


def load(run: PerfRun) -> Report:
    """The report of a stored run, each result exactly as it was given to `add`."""
    rows = run.results.prefetch_related("metrics")
    return Report(
        run=run.pk,
        label=run.label,
        state=run.current_state,
        started_at=run.started_at.isoformat(),
        seconds=run.seconds,
        parameters=run.parameters,
        environment=run.environment,
        results=tuple(_result(row) for row in rows),
    )


def recent(limit: int) -> QuerySet[PerfRun]:
    """The newest `limit` runs, each with the counts of its results."""
    # Spelled out, because Django leaves a model's own ordering out of a query that counts.
    return PerfRun.objects.with_counts().order_by("-started_at", "-pk")[:limit]


def _result(row: PerfResult) -> Result:
    metrics = [model_to_dict(metric) for metric in row.metrics.all()]
    return Result.from_dict({**model_to_dict(row), "metrics": metrics})

"""Stored performance runs. `store` is the only module that writes these rows."""

from datetime import timedelta
from enum import StrEnum
from typing import Self

from django.db import models
from django.db.models import Count, Q
from django.utils import timezone

from .measure.results import FORMAT_VERSION, Outcome, State
from .measure.targets import Verdict

# A running run stores each result as it comes. No single test takes this long, so a run that
# was silent for longer has lost its process and nobody will ever finish it.
SILENCE_LIMIT = timedelta(minutes=30)


def choices(enum: type[StrEnum]) -> list[tuple[str, str]]:
    return [(member.value, member.value) for member in enum]


def count_results(condition: Q) -> Count:
    """How many results of a run meet it, each once, whatever else the query joins."""
    return Count("results", filter=condition, distinct=True)


class PerfRunQuerySet(models.QuerySet["PerfRun"]):
    def running(self) -> Self:
        return self.filter(state=State.RUNNING)

    def finished(self) -> Self:
        return self.filter(state=State.FINISHED)

    def aborted(self) -> Self:
        return self.filter(state=State.ABORTED)

    def lost(self) -> Self:
        """Still marked as running, but silent for longer than `SILENCE_LIMIT`."""
        return self.running().filter(heard_at__lt=timezone.now() - SILENCE_LIMIT)

    def with_counts(self) -> Self:
        """Add `passed`, `failed`, `undecided` and `skipped`: how many results came to that."""
        skipped = Q(results__outcome=Outcome.SKIPPED)
        return self.annotate(
            passed=count_results(Q(results__verdict=Verdict.PASS)),
            failed=count_results(Q(results__verdict=Verdict.FAIL)),
            undecided=count_results(Q(results__verdict=Verdict.INCONCLUSIVE) & ~skipped),
            skipped=count_results(skipped),
        )


class PerfRun(models.Model):
    """One run of the suites: what it was asked to do, what it ran on, what it came to.

    `commit` repeats the environment's commit, shortened, so that runs can be searched by it.
    `heard_at` is when the run last stored something.
    """

    label = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=choices(State), default=State.RUNNING.value)
    verdict = models.CharField(
        max_length=12, choices=choices(Verdict), default=Verdict.INCONCLUSIVE.value
    )
    started_at = models.DateTimeField("started", default=timezone.now)
    heard_at = models.DateTimeField(default=timezone.now)
    seconds = models.FloatField(default=0)
    commit = models.CharField(max_length=12, blank=True, db_index=True)
    parameters = models.JSONField(default=dict)
    environment = models.JSONField(default=dict)
    format_version = models.PositiveSmallIntegerField(default=FORMAT_VERSION)

    # Only on runs that were read through `with_counts`.
    passed: int
    failed: int
    undecided: int
    skipped: int

    objects = PerfRunQuerySet.as_manager()

    class Meta:
        verbose_name = "run"
        ordering = ["-started_at", "-pk"]
        indexes = [models.Index(fields=["-started_at", "-id"], name="perf_run_newest")]

    def __str__(self) -> str:
        return f"Run {self.pk}: {self.label}" if self.label else f"Run {self.pk}"

    @property
    def current_state(self) -> State:
        """The stored state, except that a run whose process died is not running any more."""
        state = State(self.state)
        silent = timezone.now() - self.heard_at > SILENCE_LIMIT
        return State.ABORTED if state is State.RUNNING and silent else state


class PerfResult(models.Model):
    """One test of a run; the fields are those of `measure.results.Result`."""

    run = models.ForeignKey(PerfRun, on_delete=models.CASCADE, related_name="results")
    test = models.CharField(max_length=255)
    suite = models.CharField(max_length=64)
    row = models.CharField(max_length=16, blank=True)
    title = models.TextField()
    outcome = models.CharField(max_length=10, choices=choices(Outcome))
    verdict = models.CharField(max_length=12, choices=choices(Verdict))
    seconds = models.FloatField()
    series = models.JSONField(default=list)
    histograms = models.JSONField(default=dict)
    notes = models.JSONField(default=list)
    detail = models.TextField(blank=True)

    class Meta:
        verbose_name = "result"
        ordering = ["pk"]
        indexes = [models.Index(fields=["test", "run"], name="perf_result_trend")]

    def __str__(self) -> str:
        return self.test


class PerfMetric(models.Model):
    """One measured number; the fields are those of `measure.targets.Metric`.

    A target is stored as its text, such as `"< 100"`, in the metric's unit; empty means none.
    """

    result = models.ForeignKey(PerfResult, on_delete=models.CASCADE, related_name="metrics")
    name = models.CharField(max_length=255)
    value = models.FloatField(null=True)
    unit = models.CharField(max_length=64, blank=True)
    better = models.CharField(max_length=8, blank=True)
    asked = models.CharField(max_length=64, blank=True)
    asked_verdict = models.CharField(max_length=12, choices=choices(Verdict), blank=True)
    ours = models.CharField(max_length=64, blank=True)
    ours_verdict = models.CharField(max_length=12, choices=choices(Verdict), blank=True)
    doubt = models.TextField(blank=True)

    class Meta:
        verbose_name = "metric"
        ordering = ["pk"]
        indexes = [models.Index(fields=["name", "result"], name="perf_metric_trend")]

    def __str__(self) -> str:
        return self.name

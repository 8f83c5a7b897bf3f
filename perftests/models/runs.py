"""Stored performance runs. `store` is the only module that writes these rows, and `pruning` the
only one that deletes some."""

from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications.db.deletion import by_sql

from ..records.results import FORMAT_VERSION, Outcome, State
from ..records.targets import Verdict
from .words import choices

HEARTBEAT_SECONDS = 1.0
"""Time between two signs of life of a run that goes on, each with what it is doing now."""

# A run that was silent for longer has lost its process, and nobody will ever finish it. One whose
# machine only slept is running again with its next sign of life.
SILENCE_LIMIT = timedelta(seconds=30 * HEARTBEAT_SECONDS)


LONGEST_NAME = 100
"""Characters of a label that stand for it where runs are listed."""


def count_results(condition: Q) -> Coalesce:
    """How many results of a run meet it. Only the runs of a page are counted: with a join, the
    database would count those of all runs to show fifty."""
    own = PerfResult.objects.filter(condition, run=OuterRef("pk")).order_by().values("run")
    return Coalesce(Subquery(own.values(count=Count("pk"))), 0)


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

    def ended(self) -> Self:
        """All but those that go on."""
        return self.exclude(state=State.RUNNING, heard_at__gte=timezone.now() - SILENCE_LIMIT)

    def measured(self) -> Self:
        """Not compared with another version (`--against`), whose numbers are of two."""
        return self.exclude(parameters__has_key="against")

    def with_counts(self) -> Self:
        """Add `passed`, `failed`, `undecided` and `skipped`: how many results came to that."""
        skipped = Q(outcome=Outcome.SKIPPED, verdict=Verdict.INCONCLUSIVE)
        return self.annotate(
            passed=count_results(Q(verdict=Verdict.PASS)),
            failed=count_results(Q(verdict=Verdict.FAIL)),
            undecided=count_results(Q(verdict=Verdict.INCONCLUSIVE) & ~skipped),
            skipped=count_results(skipped),
        )


class PerfRun(models.Model):
    """One run of the suites: what it was told to do, what it ran on, what it came to.

    `commit` repeats the environment's commit, shortened, so that runs can be searched by it.
    `heard_at` is when the run last gave a sign of life. What is `pinned` stays when old runs are
    deleted. `to_judge` is a run of `perf watch` until it is known what of it is news.
    """

    label = models.TextField(_("label"), blank=True)
    state = models.CharField(
        _("state"), max_length=10, choices=choices(State), default=State.RUNNING.value
    )
    verdict = models.CharField(
        _("verdict"), max_length=12, choices=choices(Verdict), default=Verdict.INCONCLUSIVE.value
    )
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    heard_at = models.DateTimeField(_("last sign of life"), default=timezone.now)
    seconds = models.FloatField(_("seconds"), default=0)
    commit = models.CharField(_("commit"), max_length=12, blank=True, db_index=True)
    parameters = models.JSONField(_("parameters"), default=dict)
    environment = models.JSONField(_("environment"), default=dict)
    format_version = models.PositiveSmallIntegerField(
        _("version of the format"), default=FORMAT_VERSION
    )
    pinned = models.BooleanField(_("pinned"), default=False)
    to_judge = models.BooleanField(_("waits for its judgement"), default=False)

    # Only on runs that were read through `with_counts`.
    passed: int
    failed: int
    undecided: int
    skipped: int

    objects = PerfRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["-started_at", "-pk"]
        indexes = [models.Index(fields=["-started_at", "-id"], name="perf_run_newest")]
        permissions = [
            ("start_perfrun", "Can start runs"),
            ("cancel_perfrun", "Can cancel runs that were started in the admin"),
        ]

    def __str__(self) -> str:
        name = gettext("Run {number}").format(number=self.pk)
        return f"{name}: {self.short_label}" if self.short_label else name

    @property
    def short_label(self) -> str:
        """The label in a line: somebody may label runs with whole messages of commits."""
        words = " ".join(self.label.split())
        return words if len(words) <= LONGEST_NAME else f"{words[: LONGEST_NAME - 1]}…"

    @property
    def workload(self) -> str:
        """The scale, and the rows of another workload than that of the scale."""
        return ", ".join(filter(None, [self.parameters.get("scale"), *self.own_rows]))

    @property
    def own_rows(self) -> list[str]:
        """A word for each row whose workload the project had changed."""
        return [f"own {row}" for row in self.parameters.get("workloads", ())]

    @property
    def current_state(self) -> State:
        """The stored state, except that a run whose process died is not running any more."""
        state = State(self.state)
        silent = timezone.now() - self.heard_at > SILENCE_LIMIT
        return State.ABORTED if state is State.RUNNING and silent else state


class PerfLive(models.Model):
    """What a run is doing now, as `records.live.Live`; a run that ended early keeps its last."""

    run = models.OneToOneField(PerfRun, on_delete=by_sql, primary_key=True, related_name="live")
    state = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("run that goes on")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.run)


class PerfResult(models.Model):
    """One test of a run; the fields are those of `records.results.Result`."""

    run = models.ForeignKey(PerfRun, on_delete=models.CASCADE, related_name="results")
    test = models.CharField(max_length=255)
    suite = models.CharField(max_length=64)
    row = models.CharField(max_length=16, blank=True)
    title = models.TextField()
    outcome = models.CharField(max_length=10, choices=choices(Outcome))
    verdict = models.CharField(max_length=12, choices=choices(Verdict))
    seconds = models.FloatField()
    workload = models.JSONField(default=list)
    series = models.JSONField(default=list)
    histograms = models.JSONField(default=dict)
    notes = models.JSONField(default=list)
    detail = models.TextField(blank=True)

    class Meta:
        verbose_name = _("result")
        ordering = ["pk"]
        indexes = [models.Index(fields=["test", "run"], name="perf_result_trend")]

    def __str__(self) -> str:
        return self.test


class PerfMetric(models.Model):
    """One measured number; the fields are those of `records.targets.Metric`.

    A target is stored as its text, such as `"< 100"`, in the metric's unit; empty means none.
    """

    result = models.ForeignKey(PerfResult, on_delete=by_sql, related_name="metrics")
    name = models.CharField(max_length=255)
    value = models.FloatField(null=True)
    unit = models.CharField(max_length=64, blank=True)
    better = models.CharField(max_length=8, blank=True)
    required = models.CharField(max_length=64, blank=True)
    required_verdict = models.CharField(max_length=12, choices=choices(Verdict), blank=True)
    goal = models.CharField(max_length=64, blank=True)
    goal_verdict = models.CharField(max_length=12, choices=choices(Verdict), blank=True)
    doubt = models.TextField(blank=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)

    class Meta:
        verbose_name = _("metric")
        ordering = ["pk"]
        indexes = [models.Index(fields=["name", "result"], name="perf_metric_trend")]

    def __str__(self) -> str:
        return self.name

"""Runs that are asked for in the admin. Only `wishes.queue` writes these rows."""

from enum import StrEnum

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from notifications.db.deletion import by_sql

from .runs import PerfRun
from .words import choices


class WishState(StrEnum):
    """What became of a run that was asked for in the admin."""

    QUEUED = "queued"
    RUNNING = "running"
    ENDED = "ended"
    CANCELLED = "cancelled"
    LOST = "lost"  # whoever carried it out has died


class PerfWish(models.Model):
    """A run that was asked for in the admin: `arguments` are those of `perf`.

    `heard_at` is the last sign of life of who carries it
    out or waits with it, `said` the end of what the command has printed, `run` what it led to.
    """

    arguments = models.JSONField(_("arguments"), default=list)
    asked_by = models.TextField(_("asked by"))
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    state = models.CharField(
        _("state"), max_length=10, choices=choices(WishState), default=WishState.QUEUED.value
    )
    heard_at = models.DateTimeField(_("last sign of life"), null=True)
    cancel_asked = models.BooleanField(default=False)
    said = models.TextField(blank=True)
    run = models.OneToOneField(PerfRun, on_delete=by_sql, null=True, related_name="wish")

    class Meta:
        verbose_name = _("wish")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="running"), name="perf_one_wish_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"perf {' '.join(self.arguments)}"

"""What is told to the staff who subscribe. `watch` is the only room that writes these rows,
and `pruning` deletes them."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class PerfAlertQuerySet(models.QuerySet["PerfAlert"]):
    def open(self) -> Self:
        """Found, and not over."""
        return self.filter(closed_by=None)


class PerfAlert(models.Model):
    """A cause to tell the staff: found by one run of `perf watch`, and over with another.

    `cause` is a `records.causes.Cause`, `digest` that of its key. The runs are numbers, as an
    open alert stays when its runs are deleted. `told` and `told_over` say what has been told.
    """

    digest = models.CharField(_("digest of the cause"), max_length=64)
    cause = models.JSONField(_("cause"))
    opened_by = models.PositiveBigIntegerField(_("found by run"))
    opened_at = models.DateTimeField(_("found"), default=timezone.now)
    closed_by = models.PositiveBigIntegerField(_("over with run"), null=True)
    closed_at = models.DateTimeField(_("over"), null=True)
    told = models.BooleanField(_("told"), default=False)
    told_over = models.BooleanField(_("told that it is over"), default=False)

    objects = PerfAlertQuerySet.as_manager()

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["digest"], condition=Q(closed_by=None), name="perf_alert_once"
            )
        ]

    def __str__(self) -> str:
        return gettext("Alert {number}").format(number=self.pk)


class PerfSubscription(models.Model):
    """A member of the staff who wants to be told of alerts."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("user")
    )

    class Meta:
        verbose_name = _("subscription to alerts")
        verbose_name_plural = _("subscriptions to alerts")

    def __str__(self) -> str:
        return str(self.user)

"""What happened: its content, written once for all recipients."""

from datetime import datetime
from typing import Any, Self

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..db.clock import Now, in_utc
from ..db.fields import DataField, Readable, ReadableModel, TimeField
from ..wire import protocol


class Level(models.TextChoices):
    INFO = "info", _("Info")
    SUCCESS = "success", _("Success")
    WARNING = "warning", _("Warning")
    ERROR = "error", _("Error")


WIRE = {
    "id": "id",
    "level": "level",
    "category": "category",
    "title": "title",
    "body": "body",
    "url": "url",
    "actor": "actor_text",
    "target": "target_text",
    "data": "data",
    "created_at": "created_at",
    "edited_at": "edited_at",
}
"""The fields of a frame, and the columns they come from."""


class NotificationQuerySet(models.QuerySet["Notification"]):
    def expired(self) -> Self:
        """Nobody is to see them any more; `prune_notifications` deletes them."""
        return self.filter(expires_at__lte=Now())

    def current(self) -> Self:
        """Those that have not expired."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=Now()))

    def datetimes(self, field_name: str, *args: Any, **kwargs: Any) -> Any:
        """As Django's, of the times that can be read; the admin's hierarchy of dates asks it."""
        readable = self.filter(Readable(field_name))
        return models.QuerySet.datetimes(readable, field_name, *args, **kwargs)


class Notification(ReadableModel):
    """What happened. `actor_text` and `target_text` keep the names of the day it was sent."""

    level = models.CharField(_("level"), max_length=10, choices=Level, default=Level.INFO)
    category = models.CharField(_("category"), max_length=50, blank=True, default="")
    title = models.CharField(_("title"), max_length=200)
    body = models.TextField(_("body"), blank=True, default="")
    url = models.CharField(_("URL"), max_length=2000, blank=True, default="")
    actor_content_type = models.ForeignKey(
        ContentType,
        models.SET_NULL,
        verbose_name=_("kind of the actor"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    actor_object_id = models.CharField(_("key of the actor"), max_length=64, blank=True, default="")
    actor = GenericForeignKey("actor_content_type", "actor_object_id")
    actor_text = models.CharField(_("actor"), max_length=200, blank=True, default="")
    target_content_type = models.ForeignKey(
        ContentType,
        models.SET_NULL,
        verbose_name=_("kind of the target"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    target_object_id = models.CharField(
        _("key of the target"), max_length=64, blank=True, default=""
    )
    target = GenericForeignKey("target_content_type", "target_object_id")
    target_text = models.CharField(_("target"), max_length=200, blank=True, default="")
    data = DataField(_("data"), default=dict, blank=True)
    key = models.CharField(
        _("key"),
        max_length=200,
        null=True,
        blank=True,
        unique=True,
        help_text=_("Sending the same key again adds nothing."),
    )
    created_at = TimeField(_("created at"), db_default=Now(), editable=False, db_index=True)
    expires_at = TimeField(_("expires at"), null=True, blank=True)
    edited_at = TimeField(_("edited at"), null=True, blank=True, editable=False)
    """When its words were changed last, or it was taken back."""

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ["-id"]
        permissions = [
            ("export_notifications", _("Can export what is stored about a user")),
            ("erase_notifications", _("Can erase what is stored about a user")),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                name="notifications_expiring",
                condition=Q(expires_at__isnull=False),
            ),
            models.Index(
                fields=["edited_at"],
                name="notifications_edited",
                condition=Q(edited_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_expired(self) -> bool:
        """By the clock of this process; queries go by that of the database."""
        return self.expires_at is not None and self.expires_at <= timezone.now()

    def content(self) -> dict[str, Any]:
        """What goes over the wire: plain data."""
        return {name: getattr(self, column) for name, column in WIRE.items()}

    def frame(self, **replaced: Any) -> str:
        """The text of its frame, the same for every recipient."""
        return frame_of(self.content() | replaced)


def frame_of(content: dict[str, Any]) -> str:
    """The text of the frame of this `Notification.content`."""
    for name in ("created_at", "edited_at"):
        if isinstance(content[name], datetime):
            content[name] = in_utc(content[name])
    if content["edited_at"] is None:
        del content["edited_at"]
    return protocol.notification(content)

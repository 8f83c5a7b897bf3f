"""A notification is written once; each recipient has a small delivery with its state."""

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, Now

from . import protocol


class Level(models.TextChoices):
    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"


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
}
"""The fields of a frame, and the columns they come from."""


class NotificationQuerySet(models.QuerySet["Notification"]):
    def current(self) -> Self:
        """Those that have not expired."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=Now()))


class Notification(models.Model):
    """What happened. `actor_text` and `target_text` keep the names of the day it was sent."""

    level = models.CharField(max_length=10, choices=Level, default=Level.INFO)
    category = models.CharField(max_length=50, blank=True, default="")
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True, default="")
    url = models.CharField(max_length=2000, blank=True, default="")
    actor_content_type = models.ForeignKey(
        ContentType, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    actor_object_id = models.CharField(max_length=64, blank=True, default="")
    actor = GenericForeignKey("actor_content_type", "actor_object_id")
    actor_text = models.CharField(max_length=200, blank=True, default="")
    target_content_type = models.ForeignKey(
        ContentType, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    target_object_id = models.CharField(max_length=64, blank=True, default="")
    target = GenericForeignKey("target_content_type", "target_object_id")
    target_text = models.CharField(max_length=200, blank=True, default="")
    data = models.JSONField(default=dict, blank=True)
    key = models.CharField(
        max_length=200,
        null=True,
        blank=True,
        unique=True,
        help_text="Sending the same key again adds nothing.",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False, db_index=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.title

    def content(self) -> dict[str, Any]:
        """What goes over the wire: plain data."""
        return {name: getattr(self, column) for name, column in WIRE.items()}

    def frame(self, **replaced: Any) -> str:
        """The text of its frame, the same for every recipient."""
        return protocol.notification(self.content() | replaced)


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """States are queries, transitions are verbs. Every transition is set-based and idempotent."""

    def queued(self) -> Self:
        """The offline queue: not yet acknowledged by any of the user's devices."""
        return self.unread().filter(delivered_at=None)

    def delivered(self) -> Self:
        return self.filter(delivered_at__isnull=False)

    def unread(self) -> Self:
        return self.filter(read_at=None, archived_at=None)

    def inbox(self) -> Self:
        return self.filter(archived_at=None)

    def dropped(self) -> Self:
        """Put away unseen, because the queue had grown too long or too old."""
        return self.filter(archived_at__isnull=False, delivered_at=None)

    def mark_delivered(self) -> int:
        return self.filter(delivered_at=None).update(delivered_at=Now())

    def mark_seen(self) -> int:
        """Seen implies delivered."""
        return self.filter(seen_at=None).update(seen_at=Now(), **_at_the_latest_now("delivered_at"))

    def mark_read(self) -> int:
        """Read implies seen and delivered."""
        earlier = _at_the_latest_now("delivered_at", "seen_at")
        return self.filter(read_at=None).update(read_at=Now(), **earlier)

    def mark_archived(self) -> int:
        """Archived implies delivered, not read."""
        earlier = _at_the_latest_now("delivered_at")
        return self.filter(archived_at=None).update(archived_at=Now(), **earlier)

    def drop(self) -> int:
        """Take queued ones off the queue; they stay in the archive."""
        return self.queued().update(archived_at=Now())


def _at_the_latest_now(*names: str) -> dict[str, Coalesce]:
    return {name: Coalesce(name, Now()) for name in names}


class Delivery(models.Model):
    """One recipient's copy: queued → delivered → seen → read → archived; null means not yet.

    No foreign key is checked by the database: on PostgreSQL the checks of two keys take most of
    the time of a large insert. Recipients are inserted out of the table of users by one
    statement, Django deletes deliveries with their user or notification, and
    `prune_notifications` removes what SQL from elsewhere left behind.
    """

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="deliveries",
        db_index=False,
        db_constraint=False,
    )
    notification = models.ForeignKey(
        Notification,
        models.CASCADE,
        related_name="deliveries",
        db_index=False,
        db_constraint=False,
    )
    delivered_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ["-notification_id"]
        constraints = [
            # The notification first: a new one's rows go to the end of this index, side by side.
            models.UniqueConstraint(
                fields=["notification", "recipient"], name="one_delivery_per_recipient"
            ),
        ]
        indexes = [
            models.Index(fields=["recipient", "notification"], name="deliveries_of_a_user"),
            # The queue and the unread count in one: what is queued is unread.
            models.Index(
                fields=["recipient", "delivered_at", "notification"],
                name="queued_and_unread",
                condition=Q(read_at=None, archived_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.notification} → {self.recipient}"

    @property
    def state(self) -> str:
        """The furthest state reached."""
        if self.archived_at and not self.delivered_at:
            return "dropped"
        times: list[tuple[str, datetime | None]] = [
            ("archived", self.archived_at),
            ("read", self.read_at),
            ("seen", self.seen_at),
            ("delivered", self.delivered_at),
        ]
        return next((name for name, time in times if time), "queued")

"""One row per recipient that holds the whole content, as the usual packages store it.

The columns and indexes are those of the most used of them, django-notifications-hq. Its table
exists only while a test measures: the model belongs to no installed app.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.db.models import QuerySet
from django.utils import timezone


class UsualNotification(models.Model):
    level = models.CharField(max_length=20, default="info")
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    unread = models.BooleanField(default=True, db_index=True)
    actor_content_type = models.ForeignKey(ContentType, models.CASCADE, related_name="+")
    actor_object_id = models.CharField(max_length=255)
    verb = models.CharField(max_length=255)
    description = models.TextField(null=True)  # noqa: DJ001 - as it is there
    target_content_type = models.ForeignKey(
        ContentType, models.CASCADE, null=True, related_name="+"
    )
    target_object_id = models.CharField(max_length=255, null=True)  # noqa: DJ001 - as well
    action_object_content_type = models.ForeignKey(
        ContentType, models.CASCADE, null=True, related_name="+"
    )
    action_object_object_id = models.CharField(max_length=255, null=True)  # noqa: DJ001 - as well
    timestamp = models.DateTimeField(default=timezone.now, db_index=True)
    public = models.BooleanField(default=True, db_index=True)
    deleted = models.BooleanField(default=False, db_index=True)
    emailed = models.BooleanField(default=False, db_index=True)
    data = models.JSONField(null=True)

    objects: "ClassVar[models.Manager[UsualNotification]]" = models.Manager()

    class Meta:
        app_label = "perftests_usual"
        indexes = [models.Index(fields=["recipient", "unread"], name="usual_recipient_unread")]

    def __str__(self) -> str:
        return self.verb


@contextmanager
def usual_table() -> Iterator[None]:
    """Create the table, and drop it at the end."""
    with connection.schema_editor() as editor:
        editor.create_model(UsualNotification)
    try:
        yield
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(UsualNotification)


def usual_bulk_create(users: QuerySet[User], title: str) -> None:
    """Store one notification to `users`, sent by the first of them."""
    recipients = list(users)
    actor = recipients[0]
    kind = ContentType.objects.get_for_model(actor)
    UsualNotification.objects.bulk_create(
        UsualNotification(
            recipient=recipient,
            actor_content_type=kind,
            actor_object_id=str(actor.pk),
            verb=title,
        )
        for recipient in recipients
    )

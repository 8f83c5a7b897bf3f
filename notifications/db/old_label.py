"""Moves what a database holds under the label that this app had before, `notifications`.

The same label and a table of the same name belong to django-notifications-hq and its forks. Ours
are known by their columns and by the migrations that were recorded; what is not ours stays as it
is. Tables are renamed: that takes no longer for many rows, and the epoch stays. All of it is in
the caller's transaction, that of the first migration.
"""

from typing import Any

from django.apps.registry import Apps
from django.core.management.base import CommandError
from django.db import router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import QuerySet

OLD, NEW = "notifications", "durable_notifications"

MIGRATIONS = {
    "0001_initial",
    "0002_expiry_and_clock",
    "0003_epoch",
    "0004_deliveries_go_by_sql",
}
OURS_ALONE = MIGRATIONS - {"0001_initial"}

COLUMNS = {
    model: set(columns.split())
    for model, columns in {
        "notification": "id level category title body url actor_content_type_id actor_object_id "
        "actor_text target_content_type_id target_object_id target_text data key created_at "
        "expires_at",
        "delivery": "id recipient_id notification_id delivered_at seen_at read_at archived_at",
        "epoch": "id name since",
    }.items()
}
"""Of each model, as the last of these migrations left them."""

TABLES = [f"ALTER TABLE {OLD}_{model} RENAME TO {NEW}_{model}" for model in COLUMNS]

NAMES = {
    "sqlite": [
        # There is no other way to rename an index.
        "DROP INDEX notifications_notification_created_at_10160fdd",
        'CREATE INDEX "durable_notifications_notification_created_at_1af61fac"'
        ' ON "durable_notifications_notification" ("created_at")',
    ],
    "postgresql": [
        *(f"ALTER SEQUENCE {OLD}_{m}_id_seq RENAME TO {NEW}_{m}_id_seq" for m in COLUMNS),
        *(f"ALTER INDEX {OLD}_{m}_pkey RENAME TO {NEW}_{m}_pkey" for m in COLUMNS),
        "ALTER INDEX notifications_notification_key_key"
        " RENAME TO durable_notifications_notification_key_key",
        "ALTER INDEX notifications_notification_key_21d62a12_like"
        " RENAME TO durable_notifications_notification_key_58d52481_like",
        "ALTER INDEX notifications_notification_created_at_10160fdd"
        " RENAME TO durable_notifications_notification_created_at_1af61fac",
        "ALTER TABLE durable_notifications_notification"
        " RENAME CONSTRAINT notifications_notifi_actor_content_type_i_0c69d7b7_fk_django_co"
        " TO durable_notification_actor_content_type_i_2a9c00b1_fk_django_co",
        "ALTER TABLE durable_notifications_notification"
        " RENAME CONSTRAINT notifications_notifi_target_content_type__ccb24d88_fk_django_co"
        " TO durable_notification_target_content_type__bd7489b4_fk_django_co",
    ],
}
"""What was named after a table gets the name that it would have in a new database."""


def is_used(connection: BaseDatabaseWrapper) -> bool:
    """Whether tables of ours are there to be moved. Raises `CommandError` where they cannot be."""
    columns = _columns(connection)
    recorded = set(_records(connection).values_list("name", flat=True)) if columns else set()
    if columns.get("notification") != COLUMNS["notification"] and not recorded & OURS_ALONE:
        return False
    if not router.allow_migrate(connection.alias, NEW):
        if router.allow_migrate(connection.alias, OLD):
            raise _refusal(
                connection, "but its routers keep the new one out: route both the same way"
            )
        return False
    if columns != COLUMNS or recorded != MIGRATIONS:
        raise _refusal(
            connection,
            "but not as its last version with that label leaves them: run migrate with that "
            "version, undo what was changed by hand",
        )
    return True


def _refusal(connection: BaseDatabaseWrapper, why_and_what_to_do: str) -> CommandError:
    return CommandError(
        f"The database {connection.alias!r} has tables of this app with its old label {OLD!r}, "
        f"{why_and_what_to_do}, then run migrate again."
    )


def _columns(connection: BaseDatabaseWrapper) -> dict[str, set[str]]:
    """Of those tables that are there."""
    introspection = connection.introspection
    with connection.cursor() as cursor:
        there = introspection.table_names(cursor)
        return {
            model: {c.name for c in introspection.get_table_description(cursor, table)}
            for model in COLUMNS
            if (table := f"{OLD}_{model}") in there
        }


def _records(connection: BaseDatabaseWrapper) -> QuerySet[Any]:
    return MigrationRecorder(connection).migration_qs.filter(app=OLD, name__in=MIGRATIONS)


def leave(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Rename the tables; content types, and with them permissions, and records follow.

    Raises `CommandError`, before anything is changed, where the new content types exist.
    """
    connection = editor.connection
    types = apps.get_model("contenttypes", "ContentType").objects.using(connection.alias)
    if types.filter(app_label=NEW).exists():
        raise _refusal(
            connection,
            f"and content types of {NEW!r}, which those of before are to become: delete by SQL "
            f"what django_content_type has for {NEW!r}, as nothing needs it yet",
        )
    for statement in TABLES + NAMES[connection.vendor]:
        editor.execute(statement)
    types.filter(app_label=OLD, model__in=COLUMNS).update(app_label=NEW)
    _records(connection).delete()

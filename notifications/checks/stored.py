"""What is in the database: `manage.py check --deploy --database default`."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Tags, register
from django.core.checks import Warning as CheckWarning
from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from ..conf import get_settings
from ..db.clock import days_ago
from ..models import Delivery, Notification
from ..store.database import database
from .settings import check_settings

LABEL = Notification._meta.app_label

GRACE_DAYS = 7
"""So much older than `KEEP_DAYS` a notification may be before somebody has to look."""


@register(Tags.database, deploy=True)  # so that Django runs it only for databases that are named
def check_stored(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """W007: migrations are missing; W008: an index is; W009: nobody prunes."""
    using = database()
    if using not in (databases or ()):
        return []
    try:
        return _migrations(using) or [*_indexes(connections[using]), *_pruning(using)]
    except DatabaseError:
        return []  # of a database that does not answer, others tell


def _migrations(using: str) -> list[CheckMessage]:
    executor = MigrationExecutor(connections[using])
    leaves = [node for node in executor.loader.graph.leaf_nodes() if node[0] == LABEL]
    missing = [migration.name for migration, _ in executor.migration_plan(leaves)]
    if not missing:
        return []
    return [
        CheckWarning(
            f"The database {using!r} lacks migrations of the app: {', '.join(missing)}.",
            hint="Run manage.py migrate before the servers start.",
            id="notifications.W007",
        )
    ]


def _indexes(connection: BaseDatabaseWrapper) -> list[CheckMessage]:
    return [
        CheckWarning(
            f"The table {model._meta.db_table} lacks the index {name}.",
            hint="Without it each connect reads the whole table. Create it anew as the migration "
            f"has it that adds it; `manage.py sqlmigrate {LABEL} MIGRATION` shows how.",
            id="notifications.W008",
        )
        for model in (Notification, Delivery)
        for name in _missing(connection, model)
    ]


def _missing(connection: BaseDatabaseWrapper, model: type[Any]) -> list[str]:
    with connection.cursor() as cursor:
        there = connection.introspection.get_constraints(cursor, model._meta.db_table)
    wanted = [*model._meta.indexes, *model._meta.constraints]
    return [one.name for one in wanted if one.name not in there]


def _pruning(using: str) -> list[CheckMessage]:
    if check_settings():
        return []  # of what makes no sense, E001 and E002 tell
    days = get_settings().KEEP_DAYS
    oldest = Notification.objects.using(using).order_by("created_at")
    if not oldest.filter(created_at__lt=days_ago(days + GRACE_DAYS)).exists():
        return []
    return [
        CheckWarning(
            f"There are notifications older than NOTIFICATIONS['KEEP_DAYS'], which is {days:g}.",
            hint="Run manage.py prune_notifications every day; see docs/how-to/scale.md.",
            id="notifications.W009",
        )
    ]

"""The table of django-notifications-hq and its fork, as it is found in the database."""

from collections.abc import Iterator
from typing import Any

from django.apps.registry import Apps
from django.contrib.auth import get_user_model
from django.db import connections, models

from ..exceptions import NotificationError

ROLES = {
    role: (f"{role}_content_type_id", f"{role}_object_id")
    for role in ("actor", "target", "action_object")
}
"""The columns of each generic relation."""

OPTIONAL = ("data",)
"""Columns that old versions of theirs do not have."""


class NoSuchTable(NotificationError):
    """There is no table of another app to import from."""


class Source:
    """Its rows in the order of their ids, some at a time.

    Raises `NoSuchTable` where there is no table, or that of something else.
    """

    def __init__(self, table: str, using: str) -> None:
        model = _model(table)
        self._names = _present(model, using)
        self._rows: models.QuerySet[Any] = model._base_manager.using(using).order_by("pk")

    def count(self) -> int:
        return self._rows.count()

    def batches(self, size: int) -> Iterator[list[dict[str, Any]]]:
        """Never more than `size` in memory; what is added meanwhile comes, too."""
        last = None
        while True:
            rows = self._rows if last is None else self._rows.filter(pk__gt=last)
            batch = list(rows.values(*self._names)[:size])
            if not batch:
                return
            last = batch[-1]["id"]
            yield batch


def _present(model: type[models.Model], using: str) -> list[str]:
    """The names of the columns that can be read."""
    connection, table = connections[using], model._meta.db_table
    with connection.cursor() as cursor:
        if table not in connection.introspection.table_names(cursor):
            raise NoSuchTable(f"there is no table {table}; --table names another one")
        described = connection.introspection.get_table_description(cursor, table)
    there = {column.name for column in described}
    columns = {field.attname: str(field.column) for field in model._meta.fields}
    missing = set(columns.values()) - there
    if lost := sorted(missing.difference(OPTIONAL)):
        raise NoSuchTable(
            f"the table {table} is another app's: it has no {', '.join(lost[:3])}; --table names "
            "another one"
        )
    return [name for name, column in columns.items() if column in there]


def _model(table: str) -> type[models.Model]:
    """In a registry of its own, so that no project sees it."""

    fields: dict[str, Any] = {
        "id": models.BigAutoField(primary_key=True),
        "recipient": models.ForeignKey(
            get_user_model(), models.DO_NOTHING, related_name="+", db_constraint=False
        ),
        "level": models.TextField(),
        "unread": models.BooleanField(),
        "verb": models.TextField(),
        "description": models.TextField(null=True),
        "timestamp": models.DateTimeField(),
        "deleted": models.BooleanField(),
        "data": models.TextField(null=True),  # JSON, in a column of whatever kind
    }
    for type_id, key in ROLES.values():
        fields |= {type_id: models.IntegerField(null=True), key: models.TextField(null=True)}
    meta = type(
        "Meta", (), {"managed": False, "db_table": table, "app_label": "moving", "apps": Apps()}
    )
    return type(
        "TheirNotification", (models.Model,), {"__module__": __name__, "Meta": meta, **fields}
    )

"""What goes with its owner goes by SQL, however many rows it is."""

from typing import Any

from django.db import connections, transaction
from django.db.models import CASCADE, Field, ForeignObjectRel, Model, QuerySet
from django.db.models.deletion import Collector

from .members import among


def by_sql(collector: Any, field: "Field[Any, Any]", rows: QuerySet[Any], using: str) -> None:
    """An `on_delete` like CASCADE that loads no row, and so sends no signal for any.

    CASCADE does so only as long as nobody listens to signals of any model, and never for the
    admin's page that asks whether to delete: that one lists each row. Here it counts them. Where
    models of the site refer to the rows, it is CASCADE.
    """
    if referring(rows.model):
        CASCADE(collector, field, rows, using)
        return
    collector.fast_deletes.append(rows)
    listed = getattr(collector, "model_objs", None)
    if listed is not None:
        listed[rows.model] = _Counted(len(listed[rows.model]) + rows.count())


by_sql.lazy_sub_objs = True  # type: ignore[attr-defined]  # how Django asks not to look first


def delete_rows(rows: QuerySet[Any]) -> int:
    """By SQL, past the collector, which would load every row. Returns how many rows went.

    Models of the site that refer to them do first what their `on_delete` says.
    """
    if not referring(rows.model):
        return int(rows._raw_delete(rows.db))
    connection, key = connections[rows.db], rows.model._meta.pk
    with transaction.atomic(rows.db):
        chosen = among(connection, "pk", list(rows.values_list("pk", flat=True)), key)
        these = rows.model._base_manager.using(rows.db).filter(chosen)
        let_go(these)
        return int(these._raw_delete(rows.db))


def let_go(rows: QuerySet[Any]) -> None:
    """Do to what refers to these rows as Django does before it deletes them."""
    for relation in referring(rows.model):
        collector = Collector(using=rows.db, origin=rows)
        on_delete: Any = relation.on_delete
        all_ = relation.related_model._base_manager.using(rows.db)
        related = all_.filter(**{f"{relation.field.name}__in": rows})
        on_delete(collector, relation.field, related, rows.db)
        collector.delete()


def referring(model: type[Model]) -> list[ForeignObjectRel]:
    """The keys of other apps that refer to a model, those of many-to-many tables included."""
    fields = model._meta.get_fields(include_hidden=True)
    return [
        field
        for field in fields
        if isinstance(field, ForeignObjectRel)
        and (field.one_to_many or field.one_to_one)
        and field.related_model._meta.app_label != model._meta.app_label
    ]


class _Counted(set[Any]):
    """Stands in the admin's collector for rows that only their number is known of."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def __len__(self) -> int:
        return self._number

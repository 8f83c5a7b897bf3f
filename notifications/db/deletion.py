"""What goes with its owner goes by SQL, however many rows it is."""

from typing import Any

from django.db.models import Field, QuerySet


def by_sql(collector: Any, field: "Field[Any, Any]", rows: QuerySet[Any], using: str) -> None:
    """An `on_delete` like CASCADE that loads no row, and so sends no signal for any.

    CASCADE does so only as long as nobody listens to signals of any model, and never for the
    admin's page that asks whether to delete: that one lists each row. Here it counts them.
    """
    collector.fast_deletes.append(rows)
    listed = getattr(collector, "model_objs", None)
    if listed is not None:
        listed[rows.model] = _Counted(len(listed[rows.model]) + rows.count())


by_sql.lazy_sub_objs = True  # type: ignore[attr-defined]  # how Django asks not to look first


class _Counted(set[Any]):
    """Stands in the admin's collector for rows that only their number is known of."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def __len__(self) -> int:
        return self._number

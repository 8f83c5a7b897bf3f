"""Columns whose values may have been written by others, and can be read whatever they hold.

Python knows the years 1 to 9999; PostgreSQL knows more, and infinity. SQLite holds anything in any
column. One such value would fail the whole query it is part of, with all its other rows.
"""

import json
from typing import Any, Final

from django.db import models
from django.db.models.expressions import DatabaseDefault
from django.db.models.fields.json import KeyTransform


class _Unreadable:
    """What stands for a value that Python cannot hold."""

    def __repr__(self) -> str:
        return "cannot be read"

    def __bool__(self) -> bool:
        return False


UNREADABLE: Final = _Unreadable()

# Nothing real is so old; a value that cannot be read is selected as this moment.
_MARKER = "0001-01-03 12:00:00"

# A day more than `content.YEARS`, for those at home in other time zones. SUBSTR makes text of it:
# SQLite compares a column of times with numbers.
_READABLE = {
    "postgresql": "{0} >= '0001-12-31 00:00:00+00' AND {0} < '9999-01-02 00:00:00+00'",
    # A day that does not exist, or an hour 24, moves on to another day; so does the last
    # half millisecond of a day, which SQLite rounds up: not looked at.
    "sqlite": (
        "SUBSTR({0}, 1, 10) BETWEEN '0001-12-31' AND '9999-01-01'"
        " AND DATE({0}) IS NOT NULL AND DATE(SUBSTR({0}, 1, 19), '+0 days') = SUBSTR({0}, 1, 10)"
    ),
}
_AS_MARKER = {"postgresql": f"TIMESTAMPTZ '{_MARKER}+00'", "sqlite": f"'{_MARKER}'"}


class Readable(models.Func):
    """Whether a column of times holds one that Python knows."""

    output_field = models.BooleanField()

    def as_sql(self, compiler: Any, connection: Any, *_: Any, **__: Any) -> tuple[str, Any]:
        column, params = compiler.compile(self.source_expressions[0])
        test = _READABLE[connection.vendor].format(column)
        return f"({test})", tuple(params) * test.count(column)


class TimeField(models.DateTimeField):  # type: ignore[type-arg]  # not subscriptable at run time
    """A time, or `UNREADABLE`. The database sees no difference, and so no migration does.

    What the database fills in is told by the clock of the connection.
    """

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.DateTimeField", args, kwargs

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        # Django 6 leaves it to the column, which on SQLite has the time zone of when it was made.
        value = super().pre_save(model_instance, add)
        return self.db_default if isinstance(value, DatabaseDefault) else value

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        vendor = compiler.connection.vendor
        readable = _READABLE.get(vendor)
        if readable is None:
            return sql, params
        test, marker = readable.format(sql), _AS_MARKER[vendor]
        case = f"CASE WHEN {sql} IS NULL THEN NULL WHEN {test} THEN {sql} ELSE {marker} END"
        return case, tuple(params) * case.count(sql)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return UNREADABLE if value and value.year == 1 and value.month == 1 else value


class DataField(models.JSONField):
    """A dict of JSON, or `UNREADABLE`."""

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        if isinstance(expression, KeyTransform):
            return super().from_db_value(value, expression, connection)
        try:
            data = json.loads(value)
        except (TypeError, ValueError, RecursionError):
            return UNREADABLE
        return data if isinstance(data, dict) else UNREADABLE


class ReadableModel(models.Model):
    """`unreadable` names the fields that could not be read; they are `None`, or an empty dict."""

    unreadable: tuple[str, ...] = ()

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Any:
        instance = super().from_db(*args, **kwargs)
        found = tuple(name for name, value in instance.__dict__.items() if value is UNREADABLE)
        for name in found:
            is_data = isinstance(cls._meta.get_field(name), DataField)
            setattr(instance, name, {} if is_data else None)
        if found:
            instance.unreadable = found
        return instance

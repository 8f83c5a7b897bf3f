"""Any number of values as one parameter of a statement, on both databases."""

import json
from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, Expression, F, Func, Q, Subquery
from django.db.models.expressions import RawSQL


def members(
    connection: BaseDatabaseWrapper, values: Iterable[Any], field: "models.Field[Any, Any]"
) -> RawSQL:
    """A subquery of `values` that is one parameter however many they are."""
    return RawSQL(member_query(connection, field), (member_list(connection, values, field),))


def member_query(connection: BaseDatabaseWrapper, field: "models.Field[Any, Any]") -> str:
    """The statement of `members`, for any values."""
    if connection.vendor == "sqlite":
        return "SELECT value FROM json_each(%s)"
    return f"SELECT unnest(%s::{field.rel_db_type(connection)}[])"


def member_list(
    connection: BaseDatabaseWrapper, values: Iterable[Any], field: "models.Field[Any, Any]"
) -> Any:
    """The parameter of `member_query`."""
    prepared = [field.get_db_prep_value(value, connection) for value in values]
    return json.dumps(prepared) if connection.vendor == "sqlite" else prepared


def among(
    connection: BaseDatabaseWrapper, column: str, values: Iterable[Any], field: Any
) -> Q | Func:
    """That `column` is one of `values`, as a condition.

    On PostgreSQL an array, which is looked for in an index or hashed: joined with a subquery, each
    row is compared with each value where the planner expects next to none, as it does until a
    table that grows has been analysed, or a table is read as a whole.
    """
    if connection.vendor == "sqlite":
        return Q(**{f"{column}__in": members(connection, values, field)})
    array = RawSQL(
        f"%s::{field.rel_db_type(connection)}[]", (member_list(connection, values, field),)
    )
    return in_array(column, array)


def in_array(column: str, array: Expression | Subquery) -> Func:
    """PostgreSQL only: that `column` is in an array."""
    return Func(
        F(column),
        array,
        template="%(expressions)s)",
        arg_joiner=" = ANY(",
        output_field=BooleanField(),
    )

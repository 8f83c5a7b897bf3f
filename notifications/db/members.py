"""Any number of values as one parameter of a statement, on both databases."""

import json
from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
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

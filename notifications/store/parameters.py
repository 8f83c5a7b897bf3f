"""Long lists as one parameter of a statement, and lists as one column of its rows.

SQLite takes and gives JSON, PostgreSQL arrays; `checks` refuses other databases.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, Q

from ..db.members import among
from ..models import Delivery

Pairs = list[tuple[Any, int]]
"""(recipient's primary key, notification's id)"""

Marked = Mapping[Any, Collection[int]]
"""Notifications by the primary key of their recipient; a mapping has the trace of each of them."""

_recipient = Delivery._meta.get_field("recipient")
_key = _recipient.target_field

KEYS_ARE_INTEGERS = isinstance(_key, models.IntegerField)
"""Primary keys of users need not be prepared then, and there are many."""


def of_recipients(connection: BaseDatabaseWrapper, pks: Iterable[Any]) -> Q | Func:
    """Of the users with these primary keys, as a condition on deliveries."""
    return among(connection, "recipient_id", pks, _key)


def select_lists(
    connection: BaseDatabaseWrapper, statement: str, params: list[Any]
) -> list[list[Any]]:
    """The rows of a statement that selects one array, or on SQLite the JSON of one."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        lists = [row[0] for row in cursor.fetchall()]
    return [json.loads(text) for text in lists] if connection.vendor == "sqlite" else lists


def to_python(pk: Any) -> Any:
    """A user's primary key as Python has it, of what a statement returned."""
    return _key.to_python(pk)


def prepare_keys(connection: BaseDatabaseWrapper, pks: Iterable[Any]) -> list[Any]:
    """Primary keys as the database knows them; integers need nothing, and there are many."""
    if KEYS_ARE_INTEGERS:
        return list(pks)
    prepare = _key.get_db_prep_value
    return [prepare(pk, connection) for pk in pks]


def key_array(connection: BaseDatabaseWrapper) -> str:
    """PostgreSQL only: the place of primary keys in a statement."""
    return f"%s::{_recipient.db_type(connection)}[]"


def pair_arrays(connection: BaseDatabaseWrapper) -> str:
    """PostgreSQL only: the place of `two_lists` in a statement."""
    return f"{key_array(connection)}, %s::bigint[]"


def two_lists(connection: BaseDatabaseWrapper, pairs: Sequence[tuple[Any, int]]) -> list[Any]:
    """Pairs of (user, id), as the keys and the ids."""
    return [prepare_keys(connection, (pk for pk, _ in pairs)), [number for _, number in pairs]]


def json_pairs(connection: BaseDatabaseWrapper, pairs: Sequence[tuple[Any, int]]) -> str:
    """SQLite only: pairs of (user, id), as one parameter."""
    return json.dumps(list(zip(*two_lists(connection, pairs), strict=True)))

"""Rows that a query selects, as the rows of another statement."""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.db import connections
from django.db.models import QuerySet, Subquery

from .members import among, in_array

Rows = TypeVar("Rows", bound=QuerySet[Any])


def read_first(rows: Rows) -> Rows:
    """The same rows, found by their primary keys, which are read before all else.

    PostgreSQL takes a subquery for a join, and where it expects next to none, as in a table that
    has grown since its analysis, compares each row of the table with each that is selected: an
    UPDATE of 12,000 rows of 74,000 did not end within ten minutes. An array is read once.
    """
    all_ = rows.__class__(model=rows.model, using=rows.db)
    keys = rows.values("pk")
    if connections[rows.db].vendor == "sqlite":
        return all_.filter(pk__in=keys)
    return all_.filter(in_array("pk", Subquery(keys, template="ARRAY(%(subquery)s)")))


def locked_first(rows: Rows, keys: Sequence[Any]) -> Rows:
    """Those of `rows` with these primary keys, asked for once nobody else changes one of them.

    For what rows of other tables decide: PostgreSQL waits for one that another transaction has
    changed and looks at that row again, but not at what the transaction has written elsewhere. Call
    it in a transaction, during which nobody else changes them any more. SQLite has one writer.
    """
    these = among(connections[rows.db], "pk", keys, rows.model._meta.pk)
    if connections[rows.db].vendor != "sqlite":
        all_ = rows.__class__(model=rows.model, using=rows.db)
        list(all_.filter(these).order_by("pk").select_for_update().values_list("pk"))
    return rows.filter(these)

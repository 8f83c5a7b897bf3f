"""Whom a QuerySet means: any form of one becomes a QuerySet of users' primary keys.

Only the database runs it, so no form may change on the way whom iterating over it would give. What
is no row for each user (groups, distinct values, other people) is refused.
"""

from collections.abc import Sequence
from functools import reduce
from operator import and_, or_
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.db.models.expressions import Col
from django.db.models.sql import Query

from ..access.users import active, lineage
from ..exceptions import InvalidRecipient


def everybody(using: str) -> QuerySet[Any]:
    """All users of the site, whatever their default manager hides."""
    return get_user_model()._base_manager.using(using)


def keys_of(queryset: QuerySet[Any], using: str, *, include_inactive: bool) -> QuerySet[Any]:
    """One column of the primary keys of `queryset`'s users, in no order.

    Raises `InvalidRecipient` for what are no users.
    """
    keys = _rows(queryset.query, using)
    if _picks(keys.query):
        # Among the active ones alone, it would pick others.
        keys = everybody(using).filter(pk__in=keys).values("pk")
    return (keys if include_inactive else active(keys)).order_by()


def _rows(query: Query, using: str) -> QuerySet[Any]:
    """The rows of `query`, of which each has but the primary key of its user."""
    if query.combinator:
        return _combined(query, using)
    key = _key_name(query)
    _refuse_rows_of_others(query, key)
    bare = query.chain()
    bare.select_for_update = False
    bare.select_related = False
    return QuerySet(query.model, bare, using).values(key)


def _combined(query: Query, using: str) -> QuerySet[Any]:
    """A union, an intersection or a difference, as conditions on users.

    The databases differ in what parts they combine (SQLite takes no slices), and no name of a
    column holds for all of them; sets of users combine everywhere.
    """
    _refuse_odd_combination(query)
    parts = [Q(pk__in=_rows(part, using)) for part in query.combined_queries]
    users = everybody(using).filter(reduce(_OPERATORS[str(query.combinator)], parts))
    if not query.is_sliced:
        return users.order_by().values("pk")
    ordered = users.order_by(*query.order_by)
    if not query.standard_ordering:
        ordered = ordered.reverse()
    return ordered[query.low_mark : query.high_mark].values("pk")


_OPERATORS = {
    "union": or_,
    "intersection": and_,
    "difference": lambda kept, left_out: kept & ~left_out,
}


def _picks(query: Query) -> bool:
    """Whether a row is in or out because of other rows."""
    return bool(query.is_sliced or query.distinct_fields or query.where.contains_over_clause)


def _key_name(query: Query) -> str:
    """The field of the users' primary key, which a subclass with a key of its own inherits."""
    twin = lineage(query.model, get_user_model()) if query.model else None
    if twin is None:
        name = getattr(query.model, "__name__", "nothing")
        raise InvalidRecipient(f"recipients is a QuerySet of {name}; give one of users")
    return str(twin._meta.pk.name)


def _refuse_rows_of_others(query: Query, key: str) -> None:
    if isinstance(query.group_by, tuple) and not _holds(query, key, query.group_by):
        raise InvalidRecipient(
            "recipients is a QuerySet of groups of users, by values() before annotate(); "
            "give one of the users themselves"
        )
    if _has_key(query, key):
        return
    if query.distinct and not query.distinct_fields:
        raise InvalidRecipient(
            "recipients is a QuerySet of distinct values; choose the primary key among them"
        )
    if any(map(_is_another_user, query.select)):
        raise InvalidRecipient(
            "recipients is a QuerySet of a column that names other users; "
            "give a QuerySet of those: User.objects.filter(pk__in=...)"
        )


def _refuse_odd_combination(query: Query) -> None:
    if query.combinator == "union" and query.combinator_all and query.is_sliced:
        raise InvalidRecipient(
            "recipients is a slice of union(all=True), which may count a user twice; "
            "leave out all=True"
        )
    for part in query.combined_queries:
        if not part.combinator and not _has_key(part, _key_name(part)):
            raise InvalidRecipient(
                f"recipients is a {query.combinator} of values without the primary key; "
                "choose the primary key among them"
            )
        if part.annotation_select and query.combinator != "union":
            raise InvalidRecipient(
                f"recipients is a {query.combinator} of annotated QuerySets, which compares the "
                "annotations, too; combine them without"
            )


def _has_key(query: Query, key: str) -> bool:
    """Whether the primary key is among the columns that were chosen, or none were."""
    chosen = [*query.select, *query.annotation_select.values()]
    return query.default_cols or _holds(query, key, chosen)


def _holds(query: Query, key: str, expressions: Sequence[Any]) -> bool:
    own: Any = query.clone().resolve_ref(key)
    return any(
        isinstance(other, Col) and (other.alias, other.target) == (own.alias, own.target)
        for other in expressions
    )


def _is_another_user(column: Any) -> bool:
    """Of a row whose own user is ruled out: whether it holds a primary key of users."""
    related = getattr(getattr(column, "target", None), "related_model", None)
    return related is not None and lineage(related, get_user_model()) is not None

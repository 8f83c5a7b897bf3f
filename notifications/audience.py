"""Who gets it: everything `notify` takes as recipients becomes one compiled query."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, Group
from django.core.exceptions import EmptyResultSet, ValidationError
from django.db import connections
from django.db.models import Field, Model, QuerySet
from django.db.models.expressions import RawSQL

from . import sql
from .exceptions import InvalidRecipient
from .users import active

Recipients = AbstractBaseUser | Group | QuerySet[Any] | Iterable[Any]


_PKS = object()
"""In the parameters of a compiled query, where a list of primary keys belongs."""


@dataclass(frozen=True, slots=True)
class Audience:
    """The users to reach, as a query that runs inside the database.

    `statement` with `params` selects one column of primary keys. `listed` is their number when
    they were given one by one, `None` when only the database knows it.
    """

    statement: str
    params: Sequence[Any]
    listed: int | None


def resolve(recipients: Recipients, *, using: str, include_inactive: bool) -> Audience | None:
    """The audience of `recipients`, `None` when nobody can be in it.

    Raises `InvalidRecipient` before anything is written.
    """
    if isinstance(recipients, Model):
        recipients = recipients.user_set.all() if isinstance(recipients, Group) else [recipients]
    if not isinstance(recipients, QuerySet):
        return _listed(recipients, using, include_inactive)
    query = _query(recipients, using)
    compiled = _compile((query if include_inactive else active(query)).order_by(), using)
    return Audience(*compiled, listed=None) if compiled else None


def _query(queryset: QuerySet[Any], using: str) -> QuerySet[Any]:
    """`queryset` without what has no place inside an INSERT: row locks, columns, an order."""
    if not issubclass(queryset.model, get_user_model()):
        raise InvalidRecipient(
            f"recipients is a QuerySet of {queryset.model.__name__}; give one of users"
        )
    query = queryset.using(using)
    query.query.select_for_update = False
    if not (query.query.is_sliced or query.query.combinator or query.query.distinct):
        return query
    # An order that decides a slice, or a DISTINCT, may add columns of its own: pick ours.
    compiled = _compile(query, using)
    if compiled is None:
        return _users(using).none()
    chosen, params = compiled
    picked = RawSQL(f'SELECT "pk" FROM ({chosen}) AS chosen', params)
    return _users(using).filter(pk__in=picked)


def _listed(recipients: Iterable[Any], using: str, include_inactive: bool) -> Audience | None:
    # A lazy `request.user` has every method there is, so an anonymous one looks iterable.
    if isinstance(recipients, str | bytes | AnonymousUser) or not isinstance(recipients, Iterable):
        raise InvalidRecipient(
            f"{recipients!r} is not a recipient; give a user, a list of users or primary keys, "
            "a QuerySet of users or a Group"
        )
    known, unknown = _split(recipients)
    if unknown:
        _refuse_missing(unknown, using)
    user_model = get_user_model()
    compiled = _compile_listed(user_model, using, include_inactive)
    if compiled is None:
        return None
    pks = known | unknown
    listed = sql.member_list(connections[using], pks, user_model._meta.pk)
    statement, params = compiled
    return Audience(statement, [listed if p is _PKS else p for p in params], len(pks))


@cache
def _compile_listed(
    user_model: type[Model], using: str, include_inactive: bool
) -> tuple[str, Sequence[Any]] | None:
    """The query of listed users, with `_PKS` in place of their list: to build it anew for each
    `notify` would take a third of the time of one. Django asks base managers not to filter, so
    nothing else in it changes.
    """
    query = sql.member_query(connections[using], user_model._meta.pk)
    users = _users(using).filter(pk__in=RawSQL(query, (_PKS,)))
    return _compile(users if include_inactive else active(users), using)


def _compile(users: QuerySet[Any], using: str) -> tuple[str, Sequence[Any]] | None:
    """SQL and parameters of one column of primary keys; `None` when nobody can match."""
    try:
        statement, params = users.values("pk").query.get_compiler(using).as_sql()
    except EmptyResultSet:
        return None
    return statement, params


def _split(recipients: Iterable[Any]) -> tuple[set[Any], set[Any]]:
    """Primary keys of saved users, and bare primary keys that have yet to be looked up."""
    user_model = get_user_model()
    to_python = user_model._meta.pk.to_python
    known, unknown = set(), set()
    for recipient in recipients:
        if isinstance(recipient, user_model):
            if recipient.pk is None or recipient._state.adding:
                raise InvalidRecipient(f"user {recipient} is not saved yet")
            known.add(recipient.pk)
        else:
            unknown.add(_primary_key(recipient, to_python))
    return known, unknown


def _primary_key(recipient: Any, to_python: Callable[[Any], Any]) -> Any:
    if recipient is None or isinstance(recipient, AnonymousUser | bool | float | Model):
        raise InvalidRecipient(f"{recipient!r} is not a saved user")
    try:
        return to_python(recipient)
    except (ValidationError, TypeError) as error:
        raise InvalidRecipient(f"{recipient!r} is not a primary key of a user") from error


def _refuse_missing(pks: set[Any], using: str) -> None:
    field = get_user_model()._meta.pk
    for pk in (min(pks), max(pks)):
        _refuse_out_of_range(pk, field)
    users = _users(using).filter(pk__in=sql.members(connections[using], pks, field))
    if users.count() == len(pks):
        return
    missing = pks - set(users.values_list("pk", flat=True))
    named = ", ".join(sorted(map(str, missing))[:5])
    raise InvalidRecipient(f"no such user: {named}" + (" and others" if len(missing) > 5 else ""))


def _refuse_out_of_range(pk: Any, field: "Field[Any, Any]") -> None:
    """A number too big for its column is an error of PostgreSQL, which ends the transaction."""
    try:
        field.run_validators(pk)
    except ValidationError:
        raise InvalidRecipient(f"no such user: {pk}") from None


def _users(using: str) -> QuerySet[Any]:
    return get_user_model()._base_manager.using(using)

"""Who gets it: everything `notify` takes as recipients becomes one compiled query."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, Group
from django.core.exceptions import EmptyResultSet, FieldError, ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.db import NotSupportedError, connections
from django.db.models import Field, Model, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.functional import Promise

from ..access.users import (
    active,
    bare_key,
    key_field,
    lineage,
    refuse_strangers,
    saved_key,
    stored_elsewhere,
)
from ..db.members import member_list, member_query, members
from ..exceptions import InvalidRecipient, shown
from .querysets import everybody, keys_of

Recipients = AbstractBaseUser | Group | QuerySet[Any] | Iterable[Any]


# A lazy `request.user` has every method there is, so an anonymous one looks iterable; and whoever
# iterates over bytes finds numbers.
_NO_LISTS = (str, bytes, bytearray, memoryview, Promise, AnonymousUser)

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
    _refuse_other_databases(recipients, using)
    if isinstance(recipients, Model):
        is_group = _is_group(recipients)
        recipients = _members(recipients, using) if is_group else [recipients]
    if not isinstance(recipients, QuerySet):
        return _listed(recipients, using, include_inactive)
    compiled = _compile_any(recipients, using, include_inactive)
    return Audience(*compiled, listed=None) if compiled else None


def _refuse_other_databases(recipients: Recipients, using: str) -> None:
    user_model = get_user_model()
    if alias := stored_elsewhere(user_model, using):
        raise InvalidRecipient(
            f"users are in the database {alias!r}, and notifications in {using!r}; "
            "see the check notifications.E005"
        )
    if isinstance(recipients, QuerySet) and recipients.db != using:
        example = user_model()
        example._state.db = recipients.db
        refuse_strangers(example, using)


def _is_group(instance: Model) -> bool:
    return not isinstance(instance, AbstractBaseUser) and bool(lineage(instance.__class__, Group))


def _members(group: Model, using: str) -> QuerySet[Any]:
    """By the user model's own field: the name of its other end, `user_set`, may be another."""
    pk = saved_key(group, Group)
    refuse_strangers(group, using)
    user_model = get_user_model()
    for field in user_model._meta.many_to_many:
        if lineage(group.__class__, field.related_model):
            return user_model._default_manager.using(using).filter(**{field.name: pk})
    raise InvalidRecipient(
        f"{user_model._meta.label} has no field for groups; give a QuerySet of the users"
    )


def _compile_any(
    queryset: QuerySet[Any], using: str, include_inactive: bool
) -> tuple[str, Sequence[Any]] | None:
    try:
        return _compile(keys_of(queryset, using, include_inactive=include_inactive))
    except (FieldError, NotSupportedError, ValueError) as error:
        if isinstance(error, InvalidRecipient):
            raise
        # What Django itself would say to whoever iterates over it.
        raise InvalidRecipient(f"recipients is a QuerySet that cannot be read: {error}") from error


def _listed(recipients: Iterable[Any], using: str, include_inactive: bool) -> Audience | None:
    if isinstance(recipients, _NO_LISTS) or not isinstance(recipients, Iterable):
        raise InvalidRecipient(
            f"{shown(recipients)} is not a recipient; give a user, a list of users or primary "
            "keys, a QuerySet of users or a Group"
        )
    known, unknown = _split(recipients, using)
    if unknown:
        _refuse_missing(unknown, using)
    user_model = get_user_model()
    compiled = _compile_listed(user_model, using, include_inactive)
    if compiled is None:
        return None
    pks = known | unknown
    listed = member_list(connections[using], pks, user_model._meta.pk)
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
    query = member_query(connections[using], user_model._meta.pk)
    users = everybody(using).filter(pk__in=RawSQL(query, (_PKS,)))
    return _compile((users if include_inactive else active(users)).order_by().values("pk"))


def _compile(keys: QuerySet[Any]) -> tuple[str, Sequence[Any]] | None:
    """SQL and parameters of one column of primary keys; `None` when nobody can match."""
    try:
        statement, params = keys.query.get_compiler(keys.db).as_sql()
    except EmptyResultSet:
        return None
    return statement, params


def _split(recipients: Iterable[Any], using: str) -> tuple[set[Any], set[Any]]:
    """Primary keys of saved users, and bare primary keys that have yet to be looked up."""
    user_model, field = get_user_model(), None
    known, unknown = set(), set()
    for recipient in recipients:
        if isinstance(recipient, Model):
            known.add(saved_key(recipient, user_model))
            if recipient._state.db != using:
                refuse_strangers(recipient, using)
        else:
            field = field or key_field()
            unknown.add(bare_key(recipient, field))
    return known, unknown


def _refuse_missing(pks: set[Any], using: str) -> None:
    field = key_field()
    smallest, biggest = min(pks), max(pks)
    # Numbers have but a range; each text may be too long for its column, or none of a database.
    for pk in pks if isinstance(smallest, str) else (smallest, biggest):
        _refuse_impossible(pk, field)
    users = everybody(using).filter(pk__in=members(connections[using], pks, field))
    if users.count() == len(pks):
        return
    missing = pks - set(users.values_list("pk", flat=True))
    named = ", ".join(sorted(map(str, missing))[:5])
    raise InvalidRecipient(f"no such user: {named}" + (" and others" if len(missing) > 5 else ""))


def _refuse_impossible(pk: Any, field: "Field[Any, Any]") -> None:
    """PostgreSQL ends the transaction for a number beyond its column, and cuts a text to fit."""
    try:
        field.run_validators(pk)
        if isinstance(pk, str):
            ProhibitNullCharactersValidator()(pk)
            pk.encode()
    except (ValidationError, UnicodeEncodeError):
        raise InvalidRecipient(f"no such user: {shown(pk, str)}") from None

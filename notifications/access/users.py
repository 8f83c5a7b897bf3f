"""What is asked of any user model: who is a user, by which primary key, and who may sign in.

A subclass of the user model may have a primary key of its own, a proxy and the historical model of
a migration are other classes: all of them are the users of `AUTH_USER_MODEL`, known by its key.
"""

from numbers import Integral, Number
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import connections, router
from django.db.models import BooleanField, Field, ForeignKey, IntegerField, Model, QuerySet

from ..exceptions import InvalidRecipient, shown

BEYOND = 2**63
"""The first integer that no column holds, nor SQLite takes for a parameter."""


def primary_key(user: Any) -> Any:
    """The primary key of `AUTH_USER_MODEL` for a saved user, or for a primary key as it may come.

    Raises `InvalidRecipient` for anything else. Whether a bare key exists is not looked up.
    """
    if isinstance(user, Model):
        return saved_key(user, get_user_model())
    key = bare_key(user, key_field())
    if isinstance(key, int) and not -BEYOND <= key < BEYOND:
        raise InvalidRecipient(f"{shown(user)} is not a primary key of a user")
    return key


def saved_key(instance: Model, base: type[Model]) -> Any:
    """The primary key that `instance` has as one of `base`.

    Raises `InvalidRecipient` for what is none, or is not saved.
    """
    twin = base if isinstance(instance, base) else lineage(instance.__class__, base)
    if twin is None:
        raise InvalidRecipient(f"{shown(instance)} is not a saved {_noun(base)}")
    key = _inherited(instance, twin._meta.pk)
    if key is None or instance._state.adding:
        raise InvalidRecipient(f"{_noun(base)} {shown(instance, str)} is not saved yet")
    return key


def last_key(user: Model) -> Any:
    """The primary key of a user of any class, who may be gone by now; `None` for nobody."""
    twin = lineage(user.__class__, get_user_model())
    return twin and _inherited(user, twin._meta.pk)


def _inherited(instance: Model, field: "Field[Any, Any]") -> Any:
    if instance._meta.pk is field or field.attname not in instance.get_deferred_fields():
        return getattr(instance, field.attname)
    # A deferred key of an ancestor Django takes from the nearest link, which may be another's.
    rows = instance.__class__._base_manager.using(instance._state.db).filter(pk=instance.pk)
    return rows.values_list(field.attname, flat=True).first()


def bare_key(value: Any, field: "Field[Any, Any]") -> Any:
    """`value` as the primary key that it is, of the users' `key_field`.

    Raises `InvalidRecipient` for what is none.
    """
    if type(value) is int and isinstance(field, IntegerField):
        return value
    if value is None or isinstance(value, AnonymousUser | bool) or _has_a_fraction(value):
        raise InvalidRecipient(f"{shown(value)} is not a saved user")
    try:
        key = field.to_python(value)
        is_the_same = _written(key, value)
    except Exception as error:  # whatever an odd object raises when it is looked at
        raise InvalidRecipient(f"{shown(value)} is not a primary key of a user") from error
    if not is_the_same:
        raise InvalidRecipient(f"{shown(value)} is not a primary key of a user")
    return key


def lineage(model: type[Model], base: type[Model]) -> type[Model] | None:
    """`base` as `model` knows it: the class itself, or its historical twin; `None` for others."""
    concrete, wanted = _concrete(model), _concrete(base)._meta.label_lower
    for ancestor in (concrete, *concrete._meta.get_parent_list()):
        if ancestor._meta.label_lower == wanted:
            return ancestor
    return None


def _concrete(model: type[Model]) -> type[Model]:
    return model._meta.concrete_model or model


def key_field() -> "Field[Any, Any]":
    """The field that says what a primary key of a user is, also where that is a parent's."""
    field = get_user_model()._meta.pk
    while isinstance(field, ForeignKey):
        field = field.target_field
    return field


def _written(key: Any, value: Any) -> bool:
    """Whether `value` is `key` as one writes it.

    Python reads "1_0", " 7 " and b"7" as numbers, a UUID field any number as a UUID, and a text
    field anything as text.
    """
    if isinstance(key, UUID):
        return str(value).lower() in (str(key), key.hex)
    if isinstance(key, str) and not isinstance(value, str | Integral):
        return False
    return str(key) == str(value)


def _has_a_fraction(value: Any) -> bool:
    return isinstance(value, Number) and not isinstance(value, Integral)


def _noun(base: type[Model]) -> str:
    return "user" if base is get_user_model() else str(base._meta.verbose_name)


def stored_elsewhere(model: type[Model], using: str) -> str | None:
    """The database of `model`, if it is another one than `using`; two may be the same."""
    alias: str = router.db_for_write(model)
    return None if alias == using or _place(alias) == _place(using) else alias


def refuse_strangers(instance: Model, using: str) -> None:
    """Raise `InvalidRecipient` for one whose number may be somebody else's in `using`.

    As Django decides about a foreign key: the same database, or the router says so. Where it reads
    from is a copy.
    """
    alias = instance._state.db
    if alias is None or _place(alias) == _place(using):
        return
    twin = instance.__class__()
    twin._state.db = using
    read = router.db_for_read(instance.__class__)
    if alias != read and not router.allow_relation(instance, twin):
        raise InvalidRecipient(
            f"recipients are from the database {alias!r}, and notifications in {using!r}; "
            "give those of there, or let allow_relation() of a router say that they are the same"
        )


def _place(alias: str) -> tuple[str, ...]:
    found = connections[alias].settings_dict
    return tuple(str(found[name]) for name in ("ENGINE", "HOST", "PORT", "NAME"))


def active(users: QuerySet[Any]) -> QuerySet[Any]:
    """Those who may sign in: everybody, where the model has no column that says otherwise."""
    return users.filter(is_active=True) if _column(users.model) else users


def activity(model: type[Model]) -> str | None:
    """What `is_active` is, if no query can ask for it; `None` if one can, or everybody is."""
    column = _column(model)
    if column is None:
        constant = getattr(model, "is_active", True)
        return None if constant is True else f"a {type(constant).__name__}"
    kind = getattr(column, "output_field", column)
    return None if isinstance(kind, BooleanField) else f"a {type(kind).__name__}"


def _column(model: type[Model]) -> "Field[Any, Any] | None":
    """`is_active`, unless it is an attribute of Python's alone."""
    fields = {field.name: field for field in model._meta.concrete_fields}
    return fields.get("is_active")

"""As what a notification may name a user."""

from collections.abc import Collection
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import ForeignKey, Model

from ..access.users import lineage
from ..store.database import database
from ..store.erasing import Names


def user_models() -> list[type[Model]]:
    """That of users, and those that are derived from it: proxies as well, as imports have them."""
    user = get_user_model()
    return [model for model in apps.get_models() if lineage(model, user)]


def names_of(pks: Collection[Any]) -> Names:
    """Of the users with these primary keys."""
    return {model: _keys(model, pks) for model in user_models()}


def _keys(model: type[Model], pks: Collection[Any]) -> Collection[Any]:
    key = get_user_model()._meta.pk
    if _is_link(model._meta.pk, key):
        return pks
    rows = model._base_manager.using(database()).filter(**{f"{key.name}__in": pks})
    return list(rows.values_list("pk", flat=True))


def _is_link(field: Any, key: Any) -> bool:
    """Whether it has the values of that key; the key of a user may be a link to a parent itself."""
    while field is not key and isinstance(field, ForeignKey):
        field = field.target_field
    return field is key

"""By which models a notification may name a user."""

from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import Model

from ..access.users import lineage


def user_models() -> list[type[Model]]:
    """Those under which it has the user's own primary key."""
    user = get_user_model()
    return [model for model in apps.get_models() if lineage(model, user) and _shares_key(model)]


def _shares_key(model: type[Model]) -> bool:
    """It is the user model, or a child whose primary key is the link to it."""
    key: Any = model._meta.pk
    while key.remote_field is not None:
        key = key.remote_field.model._meta.pk
    return not model._meta.proxy and key is get_user_model()._meta.pk

"""What is asked of any user model."""

from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import QuerySet


def active(users: QuerySet[Any]) -> QuerySet[Any]:
    """Those who may sign in: everybody, where the model has no column that says otherwise."""
    try:
        users.model._meta.get_field("is_active")
    except FieldDoesNotExist:
        return users
    return users.filter(is_active=True)

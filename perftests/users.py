"""Users to measure with, of whatever model the site has."""

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import router, transaction
from django.db.models import BooleanField, CharField, EmailField, Field

BATCH_SIZE = 1000


def create_users(count: int) -> list[User]:
    """Store `count` active users named `perf_<UTC time>_<n>`, without a password.

    The name also goes into other columns of text that have to be unique, as an e-mail address
    where that is what they hold.
    """
    model = get_user_model()
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    password = make_password(None)
    users = [model(**_values(f"perf_{stamp}_{number}", password)) for number in range(count)]
    ours = model._meta.concrete_model
    if all(parent._meta.concrete_model is ours for parent in model._meta.get_parent_list()):
        return model._default_manager.bulk_create(users, batch_size=BATCH_SIZE)
    # Django stores those with a table for each class only one by one.
    with transaction.atomic(using=router.db_for_write(model)):
        for user in users:
            user.save()
    return users


def _values(name: str, password: str) -> dict[str, Any]:
    model = get_user_model()
    values: dict[str, Any] = {
        field.name: _text(field, name)
        for field in model._meta.concrete_fields
        if field.name == model.USERNAME_FIELD or _has_to_differ(field)
    }
    fields = {field.name: field for field in model._meta.concrete_fields if not field.generated}
    if "password" in fields:
        values["password"] = password
    if isinstance(fields.get("is_active"), BooleanField):
        values["is_active"] = True
    return values


def _has_to_differ(field: "Field[Any, Any]") -> bool:
    return bool(field.unique and isinstance(field, CharField) and not field.has_default())


def _text(field: "Field[Any, Any]", name: str) -> str:
    return f"{name}@example.com" if isinstance(field, EmailField) else name

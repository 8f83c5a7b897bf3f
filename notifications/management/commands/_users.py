"""Users as a person names them at a terminal."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from notifications.sending.plain import storable


def user_named(name: str) -> Any:
    """The user of this name; raises `CommandError` where there is none, or more than one."""
    model = get_user_model()
    check_name(name)
    users = model._default_manager
    # A manager of its own may know better what a name is, or have no such method.
    by_name = getattr(users, "get_by_natural_key", lambda n: users.get(**{model.USERNAME_FIELD: n}))
    try:
        return by_name(name)
    except (model.DoesNotExist, ValueError, ValidationError):
        raise CommandError(_("There is no user {name!r}.").format(name=name)) from None
    except model.MultipleObjectsReturned:
        raise CommandError(_("There is more than one user {name!r}.").format(name=name)) from None


def check_name(name: str) -> None:
    """Raise `CommandError` for a name that no database can hold."""
    if problem := storable(name):
        raise CommandError(_("The name {name!r} {problem}.").format(name=name, problem=problem))

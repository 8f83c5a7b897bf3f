"""Sockets end with the session or the account that opened them."""

from contextlib import suppress
from typing import Any

from django.apps import apps
from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.auth.signals import user_logged_out
from django.db.models import Model
from django.db.models.signals import class_prepared, post_delete, post_save
from django.dispatch import receiver

from ..access.users import last_key, lineage, primary_key, stored_elsewhere
from ..exceptions import InvalidRecipient
from ..models import Delivery
from ..store.database import database
from . import fanout


@receiver(user_logged_out, dispatch_uid="notifications.signed_out")
def close_session(request: Any, user: Any, **_: Any) -> None:
    """Signing out closes the sockets of that session; other devices stay."""
    session = getattr(request, "session", None)
    if session is None or not session.session_key:
        return
    # Django's async logout knows no user outside of its middleware; the session does.
    who = user if user is not None else session.get(SESSION_KEY)
    with suppress(InvalidRecipient):  # nobody, or gone meanwhile
        fanout.signed_out_on_commit(primary_key(who), database(), session.session_key)


def close_account(instance: Any, using: str, **_: Any) -> None:
    """An account that may not sign in any more, or is gone, has no sockets."""
    if not getattr(instance, "is_active", True):
        _close_all(instance, using)


def close_deleted(instance: Any, using: str, **_: Any) -> None:
    _close_all(instance, using)


def _close_all(user: Model, using: str) -> None:
    """In another database, such as an archive, the same number may be somebody else's."""
    if not stored_elsewhere(Delivery, using):
        fanout.signed_out_on_commit(last_key(user), using)


def watch(sender: type[Model], **_: Any) -> None:
    """Signals name the very class that was saved: a proxy or a subclass of users, for example.

    Each class by itself, as a receiver for all models would forbid Django to delete any quickly.
    """
    if sender._meta.apps is apps and lineage(sender, get_user_model()):
        uid = f"notifications.{sender._meta.label}"
        post_save.connect(close_account, sender=sender, dispatch_uid=f"{uid}.inactive")
        if not _adds_a_table(sender):
            post_delete.connect(close_deleted, sender=sender, dispatch_uid=f"{uid}.deleted")


def _adds_a_table(sender: type[Model]) -> bool:
    """Its user is deleted by a signal of its own, or stays, as with `keep_parents`."""
    concrete = sender._meta.concrete_model or sender
    return lineage(sender, get_user_model()) is not concrete


for model in apps.get_models():
    watch(model)
class_prepared.connect(watch, dispatch_uid="notifications.watch")

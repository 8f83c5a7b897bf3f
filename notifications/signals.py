"""Sockets end with the session or the account that opened them."""

from typing import Any

from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from . import fanout


@receiver(user_logged_out, dispatch_uid="notifications.signed_out")
def close_session(request: Any, user: Any, **_: Any) -> None:
    """Signing out closes the sockets of that session; other devices stay."""
    session = getattr(request, "session", None)
    if session is None or not session.session_key:
        return
    # Django's async logout knows no user outside of its middleware; the session does.
    pk = user.pk if user is not None else session.get(SESSION_KEY)
    if pk is not None:
        fanout.signed_out(pk, session.session_key)


def close_account(instance: Any, using: str, **_: Any) -> None:
    """An account that may not sign in any more, or is gone, has no sockets."""
    pk = instance.pk
    if instance.is_active is False:
        transaction.on_commit(lambda: fanout.signed_out(pk), using=using, robust=True)


def close_deleted(instance: Any, using: str, **_: Any) -> None:
    pk = instance.pk
    transaction.on_commit(lambda: fanout.signed_out(pk), using=using, robust=True)


post_save.connect(close_account, sender=get_user_model(), dispatch_uid="notifications.inactive")
post_delete.connect(close_deleted, sender=get_user_model(), dispatch_uid="notifications.deleted")

"""The sessions of many newcomers at once. Sync code for the hub's database thread."""

from collections.abc import Collection
from importlib import import_module

from django.conf import settings
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone


def load_sessions(keys: Collection[str]) -> dict[str, SessionBase]:
    """The session of each key; one that does not exist, or has expired, is empty.

    Where Django's own engine keeps them in the database this is one query for all, as each of
    its own costs as much as everything else about a connect. Any other engine is asked for each.
    """
    store = import_module(settings.SESSION_ENGINE).SessionStore
    sessions: dict[str, SessionBase] = {key: store(key) for key in keys}
    if _reads_a_row(store):
        # A cookie can hold anything, and PostgreSQL refuses a text with NUL.
        wanted = [key for key in keys if "\x00" not in key]
        rows = store.get_model_class().objects.filter(
            session_key__in=wanted, expire_date__gt=timezone.now()
        )
        texts = dict(rows.values_list("session_key", "session_data"))
        for key, session in sessions.items():
            _give(session, texts.get(key))
    return sessions


def _reads_a_row(store: type[SessionBase]) -> bool:
    """Whether it is Django's own in the database: neither with a cache, nor changed by others."""
    own = db.SessionStore
    return issubclass(store, own) and all(
        getattr(store, name) is getattr(own, name) for name in ("load", "_get_session_from_db")
    )


def _give(session: SessionBase, text: str | None) -> None:
    """Let `session` load what was read, instead of asking for it."""
    # On this object alone: a subclass made for each batch would say the same with more.
    session.load = lambda: session.decode(text) if text else {}  # type: ignore[method-assign]

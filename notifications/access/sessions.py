"""What many sessions hold, read together and without a change. Sync code for the hub's thread.

A session is `None` when it is gone or has expired, and empty when it is there but cannot be read.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import cache, cached_db, db, file, signed_cookies
from django.contrib.sessions.backends.base import SessionBase
from django.core import signing
from django.core.cache import caches
from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from ..db.batches import ask_together, attempt

Data = Mapping[str, Any]

_KEY = re.compile(r"[!-~]{8,}")
"""No engine makes other keys, and a cookie can hold anything. Django wants eight characters."""

MAX_STORED_KEY = 128
"""Django's own have 32; caches complain of names beyond 250, prefixes included."""


def read_sessions(keys: Collection[str]) -> dict[str, Data | Exception | None]:
    """What each session holds, or the exception that kept it from being read.

    Django's engines in the database and in caches are asked once for all. Any other is asked for
    each. Raises what the database raises, so that the hub can open its connection again.
    """
    store = import_module(settings.SESSION_ENGINE).SessionStore
    possible = [key for key in keys if _KEY.fullmatch(key)]
    together = _reader(store)
    if together is None:
        found = {key: attempt(_load, store, key) for key in possible}
    else:
        stored = [key for key in possible if len(key) <= MAX_STORED_KEY]
        try:
            found = ask_together(lambda some: together(store, some), stored)
        except (DatabaseError, InterfaceError):
            raise
        except Exception as error:  # of the cache: who shows a ticket needs none
            found = dict.fromkeys(stored, error)
    return {key: found.get(key) for key in keys}


def kept_in_cookies() -> bool:
    """Whether the cookie is the session: nobody can tell which ones are still in use."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    return issubclass(store, signed_cookies.SessionStore)


Reader = Callable[[Any, Sequence[str]], dict[str, Data]]


def _reader(store: type[SessionBase]) -> Reader | None:
    """How to read many at once; nothing for an engine that loads in a way of its own."""
    readers: dict[type[SessionBase], Reader] = {
        db.SessionStore: _read_rows,
        cached_db.SessionStore: _read_cache_and_rows,
        cache.SessionStore: _read_cache,
    }
    for engine, reader in readers.items():
        if all(
            getattr(store, name, None) is getattr(engine, name, None)
            for name in ("load", "_get_session_from_db", "decode")
        ):
            return reader
    return None


def _read_rows(store: type[db.SessionStore], keys: Sequence[str]) -> dict[str, Data]:
    try:
        model = store.get_model_class()
    except RuntimeError:  # the app is not installed: here nobody has a session
        return {}
    rows = model.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    decode = store().decode
    return {key: decode(text) for key, text in rows.values_list("session_key", "session_data")}


def _read_cache(
    store: type[cache.SessionStore | cached_db.SessionStore], keys: Sequence[str]
) -> dict[str, Data]:
    # Not by `load`, which takes a cache that is down for a session that is gone.
    names = {store.cache_key_prefix + key: key for key in keys}
    found = caches[settings.SESSION_CACHE_ALIAS].get_many(list(names))
    return {names[name]: data for name, data in found.items()}


def _read_cache_and_rows(
    store: type[cached_db.SessionStore], keys: Sequence[str]
) -> dict[str, Data]:
    cached = attempt(_read_cache, store, keys)
    found = {} if isinstance(cached, Exception) else cached  # as `load`: then the rows decide
    return found | _read_rows(store, [key for key in keys if key not in found])


def _load(store: type[SessionBase], key: str) -> Data | None:
    session = store(key)
    # Looking changes nothing: an engine may replace what it cannot read by a new session.
    for change in ("create", "save", "delete", "cycle_key", "flush"):
        setattr(session, change, _nothing)
    held = dict(session.items())
    return None if not held or _has_expired(session) else held


def _has_expired(session: SessionBase) -> bool:
    """By `set_expiry`, which these two engines leave to the browser."""
    load = type(session).load
    if load is signed_cookies.SessionStore.load:
        signed = signing.b62_decode(str(session.session_key).rsplit(":", 2)[1])
        modified = datetime.fromtimestamp(signed, UTC)
    elif load is file.SessionStore.load:
        modified = session._last_modification()  # type: ignore[attr-defined]  # private to the engine
    else:
        return False
    if not settings.USE_TZ and timezone.is_aware(modified):
        modified = timezone.make_naive(modified, timezone.get_default_timezone())
    return bool(session.get_expiry_date(modification=modified) <= timezone.now())


def _nothing(*_: Any, **__: Any) -> None:
    pass

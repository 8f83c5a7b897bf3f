"""Whom sessions name: Django's `get_user` for many at once. Sync code for the hub's thread."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
    load_backend,
)
from django.contrib.auth.backends import ModelBackend
from django.utils.crypto import constant_time_compare

from ..db.batches import ask_together, attempt
from .sessions import Data
from .users import key_field


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user whom a session names, and the hash of the password by which it does."""

    pk: Any
    session_hash: str


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a session says; `backend` has the last word."""

    pk: Any
    backend: Any
    session_hash: Any

    @property
    def is_plain(self) -> bool:
        """Whether the backend finds users as Django's own does, so that many can be found."""
        return getattr(type(self.backend), "get_user", None) is ModelBackend.get_user


def signed_in(
    sessions: Mapping[str, Data | Exception | None],
) -> dict[str, SignedIn | Exception | None]:
    """For each session its user; `None` for nobody, an exception where that cannot be told.

    One query for all whose backend finds users as Django's own; others are asked for each.
    """
    claims = {key: attempt(_claim, data) for key, data in sessions.items()}
    plain = {c.pk for c in claims.values() if isinstance(c, _Claim) and c.is_plain}
    users = users_by_pk(plain)
    return {key: attempt(_verify, claim, users) for key, claim in claims.items()}


def users_by_pk(pks: Collection[Any]) -> dict[Any, Any]:
    """Users as Django's own backend finds them, or the exception that looking for one raises."""

    def find(some: list[Any]) -> dict[Any, Any]:
        return {user.pk: user for user in get_user_model()._default_manager.filter(pk__in=some)}

    return ask_together(find, list(pks))


def session_hashes(user: Any) -> Iterable[str]:
    """What sessions of `user` may show: by the key of today, and then by each earlier one."""
    yield user.get_session_auth_hash()
    yield from user.get_session_auth_fallback_hash()


def _claim(data: Data | Exception | None) -> _Claim | None:
    if isinstance(data, Exception):
        raise data
    if not data or SESSION_KEY not in data:
        return None
    pk = key_field().to_python(data[SESSION_KEY])
    path: Any = data.get(BACKEND_SESSION_KEY)
    if path not in settings.AUTHENTICATION_BACKENDS:
        return None
    return _Claim(pk, load_backend(path), data.get(HASH_SESSION_KEY))


def _verify(claim: _Claim | Exception | None, users: Mapping[Any, Any]) -> SignedIn | None:
    if isinstance(claim, Exception):
        raise claim
    user = None if claim is None else _found(claim, users)
    if claim is None or user is None:
        return None
    if not hasattr(user, "get_session_auth_hash"):
        return SignedIn(user.pk, "")
    shown = claim.session_hash
    if shown and any(constant_time_compare(shown, good) for good in session_hashes(user)):
        return SignedIn(user.pk, shown)
    return None


def _found(claim: _Claim, users: Mapping[Any, Any]) -> Any:
    if not claim.is_plain:
        return claim.backend.get_user(claim.pk)
    user = users.get(claim.pk)
    if isinstance(user, Exception):
        raise user
    return user if user is not None and claim.backend.user_can_authenticate(user) else None

"""Who opens a socket: by ticket, by what another middleware put in the scope, or by session.

Sync code for the hub's database thread: many are looked up together, before they are let in and
for as long as they stay.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DatabaseError, InterfaceError, connections
from django.db.models import Model
from django.http import parse_cookie

from ..db.batches import BAD_INPUT, ask_together, attempt
from ..db.members import members
from ..store.database import database
from ..wire.protocol import CloseCode
from .session_users import SignedIn, signed_in, users_by_pk
from .sessions import kept_in_cookies, read_sessions
from .tickets import SUBPROTOCOL_PREFIX, read_ticket
from .users import active, bare_key, key_field, last_key

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client shows, in the order in which it counts; a ticket counts alone."""

    ticket: str = ""
    user: Any = None
    session_key: str = ""
    bearer: str = ""
    of: str = ""
    """Whose page it is, by primary key: somebody else may have signed in meanwhile."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What let a socket in: the account alone, or together with one of its sessions."""

    pk: Any
    session_key: str = ""
    session_hash: str = ""


def ticket_in(scope: dict[str, Any]) -> str:
    """The ticket in the URL, among the subprotocols or in a header, or nothing."""
    return _own_ticket(scope, _query(scope)) or _bearer(scope)


def credentials_in(scope: dict[str, Any]) -> Credentials:
    """Everything that a connection shows of who it is; what it is worth is seen later."""
    query = _query(scope)
    of = " ".join(query.get("user", []))
    if ticket := _own_ticket(scope, query):
        return Credentials(ticket=ticket, of=of)
    return Credentials("", scope.get("user"), _session_key(scope), _bearer(scope), of)


def authenticate(shown: Sequence[Credentials]) -> list[Admission | Exception | None]:
    """What lets each client in; `None` for those who are nobody.

    An exception where one cannot be told from nobody now. Raises what keeps everybody from being
    looked up.
    """
    keys = {one.session_key for one in shown if one.session_key}
    sessions = signed_in(read_sessions(keys)) if keys else {}
    claims = [attempt(_claim, one, sessions) for one in shown]
    if any(isinstance(claim, DatabaseError | InterfaceError) for claim in claims):
        _ask_anything()
    present = active_among({claim.pk for claim in claims if isinstance(claim, Admission)})
    return [_answer(*one, present) for one in zip(shown, claims, strict=True)]


def endings(admissions: Collection[Admission]) -> dict[Admission, int]:
    """Of what let sockets in, what lets nobody in any more: with the code to close them with.

    What cannot be told now is left out.
    """
    sessions = read_sessions({a.session_key for a in admissions if a.session_key})
    found = signed_in(sessions)
    present = active_among({a.pk for a in admissions})
    _log_undecided(found)
    over = [a for a in admissions if a.pk in present and _is_over(a, found)]
    users = users_by_pk({a.pk for a in over})
    codes = {a: CloseCode.SIGNED_OUT for a in admissions if a.pk not in present}
    for admission in over:
        gone = sessions[admission.session_key] is None
        # Over in any case; where its user's hash cannot be made now, whoever comes again is told.
        renewed = kept_in_cookies() or (
            gone and attempt(_hash_changed, admission, users.get(admission.pk)) is not False
        )
        codes[admission] = CloseCode.SESSION_RENEWED if renewed else CloseCode.SIGNED_OUT
    return codes


def active_among(pks: Collection[Any]) -> set[Any]:
    """Those users who exist and may sign in."""
    model = get_user_model()
    using = database()

    def find(some: list[Any]) -> dict[Any, bool]:
        asked = members(connections[using], some, model._meta.pk)
        users = active(model._base_manager.using(using).filter(pk__in=asked))
        return dict.fromkeys(users.values_list("pk", flat=True), True)

    return {pk for pk, found in ask_together(find, list(pks)).items() if found is True}


def _ask_anything() -> None:
    """What a backend could not ask may be due to the hub's connection: then this fails, too, and
    all are looked up again with another one."""
    with connections[database()].cursor() as cursor:
        cursor.execute("SELECT 1")


def _log_undecided(found: Mapping[str, SignedIn | Exception | None]) -> None:
    failures = [
        f for f in found.values() if isinstance(f, Exception) and not isinstance(f, BAD_INPUT)
    ]
    if failures:
        logger.warning(
            "%d sessions cannot be looked at now, their sockets stay: %s",
            len(failures),
            failures[0],
        )


def _claim(
    shown: Credentials, sessions: Mapping[str, SignedIn | Exception | None]
) -> Admission | None:
    if shown.ticket:
        return Admission(read_ticket(shown.ticket))
    found = sessions.get(shown.session_key)
    if isinstance(found, Exception):
        raise found
    session = None
    if found is not None:
        session = Admission(found.pk, shown.session_key, found.session_hash)
    if shown.user is not None and shown.user.is_authenticated:
        user = shown.user
        pk = last_key(user) if isinstance(user, Model) else bare_key(user.pk, key_field())
        return session if session and session.pk == pk else Admission(pk)
    if session is None and shown.bearer:
        return Admission(read_ticket(shown.bearer))
    return session


def _answer(
    shown: Credentials, claim: Admission | Exception | None, present: set[Any]
) -> Admission | Exception | None:
    if isinstance(claim, Admission):
        is_meant = shown.of in ("", str(claim.pk))
        return claim if is_meant and claim.pk in present else None
    return None if isinstance(claim, BAD_INPUT) else claim


def _is_over(admission: Admission, found: Mapping[str, SignedIn | Exception | None]) -> bool:
    if not admission.session_key:
        return False
    session = found[admission.session_key]
    if isinstance(session, SignedIn):
        return bool(session.pk != admission.pk)
    return session is None or isinstance(session, BAD_INPUT)


def _hash_changed(admission: Admission, user: Any) -> bool:
    """Whoever changes a password, or comes with a session that an earlier `SECRET_KEY` signed, goes
    on with the same session under another key, which only the browser knows."""
    if not hasattr(user, "get_session_auth_hash"):
        return False
    return bool(user.get_session_auth_hash() != admission.session_hash)


def _query(scope: dict[str, Any]) -> dict[str, list[str]]:
    return parse_qs(scope.get("query_string", b"").decode("latin-1"))


def _own_ticket(scope: dict[str, Any], query: dict[str, list[str]]) -> str:
    offered = [str(name) for name in scope.get("subprotocols") or []]
    protocols = [name for name in offered if name.startswith(SUBPROTOCOL_PREFIX)]
    shown = query.get("ticket") or [name.removeprefix(SUBPROTOCOL_PREFIX) for name in protocols]
    # Several are no ticket: none has a space in it.
    return " ".join(dict.fromkeys(shown))


def _bearer(scope: dict[str, Any]) -> str:
    """Counts last, as a proxy or another middleware may have tokens of its own there."""
    kind, _, token = _header(scope, b"authorization").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _session_key(scope: dict[str, Any]) -> str:
    # As forgiving as Django's requests are: one odd cookie hides no other.
    cookies = parse_cookie(_header(scope, b"cookie", joined_by="; "))
    return cookies.get(settings.SESSION_COOKIE_NAME, "")


def _header(scope: dict[str, Any], wanted: bytes, joined_by: str = ", ") -> str:
    values = (value.decode("latin-1") for name, value in scope["headers"] if name == wanted)
    return joined_by.join(values)

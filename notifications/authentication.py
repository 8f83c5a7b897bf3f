"""Who opens a socket: by ticket, by what another middleware put in the scope, or by session.

Sync code for the hub's database thread: many newcomers are looked up together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.contrib.auth import get_user, get_user_model
from django.contrib.sessions.backends.base import SessionBase
from django.db import connections
from django.http import HttpRequest, parse_cookie

from . import sql
from .exceptions import InvalidTicket
from .offline import database
from .sessions import load_sessions
from .tickets import SUBPROTOCOL_PREFIX, read_ticket
from .users import active


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a newcomer shows; the first that is not empty counts."""

    ticket: str = ""
    user: Any = None
    session_key: str = ""


def ticket_in(scope: dict[str, Any]) -> str:
    """The ticket in the URL or among the subprotocols, or nothing."""
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    if "ticket" in query:
        return str(query["ticket"][0])
    offered = scope.get("subprotocols") or []
    tickets = (str(name) for name in offered if name.startswith(SUBPROTOCOL_PREFIX))
    return next(tickets, "").removeprefix(SUBPROTOCOL_PREFIX)


def credentials_in(scope: dict[str, Any]) -> Credentials:
    """Everything that a connection shows of who it is."""
    if ticket := ticket_in(scope):
        return Credentials(ticket=ticket)
    user = scope.get("user")
    if user is not None and user.is_authenticated:
        return Credentials(user=user, session_key=_session_key(scope))
    return Credentials(session_key=_session_key(scope))


def authenticate(newcomers: Sequence[Credentials]) -> list[Any]:
    """The primary key of each newcomer's user, `None` for those who are nobody."""
    by_session = [n for n in newcomers if n.session_key and not n.ticket and n.user is None]
    sessions = load_sessions({n.session_key for n in by_session})
    pks = [_claimed(newcomer, sessions.get(newcomer.session_key)) for newcomer in newcomers]
    active = active_among({pk for pk in pks if pk is not None})
    return [pk if pk in active else None for pk in pks]


def _claimed(newcomer: Credentials, session: SessionBase | None) -> Any:
    if newcomer.ticket:
        try:
            return read_ticket(newcomer.ticket)
        except InvalidTicket:
            return None
    if newcomer.user is not None:
        return newcomer.user.pk
    return None if session is None else _session_user(session)


def _session_user(session: SessionBase) -> Any:
    """By Django's own `get_user`: backends and session hashes stay Django's business."""
    request = HttpRequest()
    request.session = session
    # A session that was signed with a fallback key gets a new name on the next request; here
    # no cookie can be set, so a new name would sign the browser out.
    request.session.cycle_key = lambda: None  # type: ignore[method-assign]
    return get_user(request).pk


def active_among(pks: set[Any]) -> set[Any]:
    """Those users who exist and may sign in."""
    if not pks:
        return set()
    model = get_user_model()
    using = database()
    users = model._base_manager.using(using).filter(
        pk__in=sql.members(connections[using], pks, model._meta.pk)
    )
    return set(active(users).values_list("pk", flat=True))


def _session_key(scope: dict[str, Any]) -> str:
    header = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
    # As forgiving as Django's requests are: one odd cookie hides no other.
    return parse_cookie(header.decode("latin-1")).get(settings.SESSION_COOKIE_NAME, "")

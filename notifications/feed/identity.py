"""Who asks: a session, whose changes need Django's CSRF token, or a ticket as bearer token."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import CsrfViewMiddleware

from ..access.authentication import Credentials, active_among
from ..access.devices import trace_of
from ..access.tickets import read_ticket
from ..access.users import primary_key
from ..db.batches import BAD_INPUT
from ..exceptions import InvalidTicket
from .problems import Refused, unauthenticated

SAFE = ("GET", "HEAD", "OPTIONS")

OF_OUR_PAGES = "HTTP_X_CSRFTOKEN"


@dataclass(frozen=True, slots=True)
class Asker:
    """A user by primary key, and what was shown of it."""

    pk: Any
    shown: Credentials
    trace: int = 0
    """What the asker's marks leave in rows."""


def identify(request: HttpRequest) -> Asker:
    """Raises `Refused` for nobody, for a session of another user than that of the page, and for one
    that changes something without a token.

    A ticket counts first: no page of others can make a browser send one. What is none in that
    header may be another middleware's, and the session counts.
    """
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        asker = _by_ticket(request, token.strip())
        if asker is not None:
            return asker
    asker = _by_session(request)
    if asker is None:
        raise unauthenticated(
            "Sign in, or send a valid ticket as `Authorization: Bearer <ticket>`."
        )
    _check_page(request, asker)
    if request.method not in SAFE:
        _check_token(request)
    return asker


def _check_page(request: HttpRequest, asker: Asker) -> None:
    """A page may be open for longer than its user is signed in: it says whose it is."""
    of = request.headers.get("Notifications-User", "")
    if of and unquote(of) != str(asker.pk):
        raise unauthenticated("Somebody else is signed in by now: load the page again.")


def _by_ticket(request: HttpRequest, ticket: str) -> Asker | None:
    try:
        pk = read_ticket(ticket)
    except InvalidTicket:
        return None
    if not active_among({pk}):
        return None
    return Asker(pk, Credentials(ticket=ticket), trace_of(request))


def _by_session(request: HttpRequest) -> Asker | None:
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    user = getattr(request, "user", None)
    try:
        if user is None or not user.is_authenticated:
            return None
        shown = Credentials(user=user, session_key=key)
        return Asker(primary_key(user), shown, trace_of(request))
    except BAD_INPUT:
        return None  # a cookie that no database can look for, another middleware's idea of a user


class _Check(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> str:
        return reason


def _check_token(request: HttpRequest) -> None:
    """As `CsrfViewMiddleware` does, also on a site that has left that out.

    Our own pages cannot know how a site calls its header.
    """
    if OF_OUR_PAGES in request.META:
        request.META.setdefault(settings.CSRF_HEADER_NAME, request.META[OF_OUR_PAGES])
    check = _Check(lambda _: None)  # type: ignore[arg-type]  # never called
    check.process_request(request)
    reason = check.process_view(request, None, (), {})  # type: ignore[arg-type]  # it uses no view
    if reason is not None:
        header = settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-").title()
        raise Refused("csrf", f"{reason} Send the token of the CSRF cookie as `{header}`.")

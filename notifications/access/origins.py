"""Which pages may open a socket: a browser sends cookies along from any site's page."""

import logging
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import OriginValidator
from django.conf import settings
from django.core.signals import setting_changed
from django.http.request import split_domain_port

from ..conf import get_settings
from .authentication import ticket_in

logger = logging.getLogger(__name__)

_LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]  # as Django has it while DEBUG is on

MAX_LOGGED = 100
"""Origins that a process names in its log: anybody can send any number of them."""

MAX_LOGGED_CHARACTERS = 200

_logged: set[str] = set()

MAX_REMEMBERED = 256
MAX_REMEMBERED_CHARACTERS = 200
"""Answers that are kept: to so many pairs of an origin and a host, and to none that is longer."""


def origin_allowed(scope: dict[str, Any]) -> bool:
    """An Origin that is present must be ours; without one, a ticket has to be shown.

    Browsers always send it, so what comes without is an app or a script: those have no session.
    What is refused is logged, each origin once.
    """
    headers = dict(scope["headers"])
    origin = headers.get(b"origin")
    if origin is None:
        return bool(ticket_in(scope)) or _refused("", "")
    shown, host = origin.decode("latin-1"), _host(headers)
    is_short = len(shown) + len(host) <= MAX_REMEMBERED_CHARACTERS
    return (_is_ours if is_short else _is_ours.__wrapped__)(shown, host) or _refused(shown, host)


@lru_cache(MAX_REMEMBERED)
def _is_ours(origin: str, host: str) -> bool:
    validator = OriginValidator(None, _allowed(host))
    try:
        return bool(validator.valid_origin(urlsplit(origin)))
    except ValueError:  # no URL at all, or one with a port that is no number
        return False


def _host(headers: dict[bytes, bytes]) -> str:
    """The host that was asked for, as `HttpRequest.get_host` has it."""
    forwarded = headers.get(b"x-forwarded-host") if settings.USE_X_FORWARDED_HOST else None
    host = headers.get(b"host", b"") if forwarded is None else forwarded
    # Of several proxies each may have added the host that it was asked for itself.
    return host.decode("latin-1").split(",")[0].strip()


def _allowed(host: str) -> list[str]:
    """What Django allows, and the setting of our own; "*" means the host that was asked for."""
    hosts = settings.ALLOWED_HOSTS or (_LOCAL_HOSTS if settings.DEBUG else [])
    trusted = [*settings.CSRF_TRUSTED_ORIGINS, *get_settings().ALLOWED_ORIGINS]
    # Without the port, which the validator would take for a path behind a scheme; without a dot
    # in front, which stands for all subdomains.
    asked = split_domain_port(host)[0].lstrip(".")
    named = [asked if allowed == "*" else allowed for allowed in hosts]
    return [a for a in named if a] + [origin.replace("*.", ".") for origin in trusted]


def _refused(origin: str, host: str) -> bool:
    """Tell the developer, who sees no more than 403 in the browser; always false."""
    origin = origin[:MAX_LOGGED_CHARACTERS]
    if origin not in _logged and len(_logged) < MAX_LOGGED:
        _logged.add(origin)
        # As ASCII with escapes: a header of a stranger must not write lines of its own.
        logger.warning(*((_FOREIGN, origin, host[:MAX_LOGGED_CHARACTERS]) if origin else (_NONE,)))
        if len(_logged) == MAX_LOGGED:
            logger.warning("%d origins were refused; no more will be named", MAX_LOGGED)
    return False


def _forget(*, setting: str, **_: Any) -> None:
    """Under other settings other origins are refused."""
    _logged.clear()
    _is_ours.cache_clear()


setting_changed.connect(_forget, dispatch_uid="notifications.access.origins")

_FOREIGN = (
    "A page of %a may not open a WebSocket at host %a. If the page is yours: put its origin into "
    "NOTIFICATIONS['ALLOWED_ORIGINS'], or its host into ALLOWED_HOSTS; behind a proxy that sends "
    "X-Forwarded-Host, set USE_X_FORWARDED_HOST."
)
_NONE = "A WebSocket without an Origin was refused: what is no browser has to show a ticket."

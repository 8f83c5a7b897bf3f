"""Which pages may open a socket: a browser sends cookies along from any site's page."""

from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import OriginValidator
from django.conf import settings
from django.http.request import split_domain_port

from .authentication import ticket_in

_LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]  # as Django has it while DEBUG is on


def origin_allowed(scope: dict[str, Any]) -> bool:
    """An Origin that is present must be ours; without one, a ticket has to be shown.

    Browsers always send it, so what comes without is an app or a script: those have no session.
    """
    headers = dict(scope["headers"])
    origin = headers.get(b"origin")
    if origin is None:
        return bool(ticket_in(scope))
    validator = OriginValidator(None, _allowed(headers.get(b"host", b"").decode("latin-1")))
    try:
        return bool(validator.valid_origin(urlsplit(origin.decode("latin-1"))))
    except ValueError:  # no URL at all, or one with a port that is no number
        return False


def _allowed(host: str) -> list[str]:
    """`ALLOWED_HOSTS` and `CSRF_TRUSTED_ORIGINS`; "*" means the host that was asked for."""
    hosts = settings.ALLOWED_HOSTS or (_LOCAL_HOSTS if settings.DEBUG else [])
    trusted = [origin.replace("*.", ".") for origin in settings.CSRF_TRUSTED_ORIGINS]
    # Without the port, which the validator would take for a path behind a scheme; without a dot
    # in front, which stands for all subdomains.
    asked = split_domain_port(host)[0].lstrip(".")
    named = [asked if allowed == "*" else allowed for allowed in hosts]
    return [allowed for allowed in named if allowed] + trusted

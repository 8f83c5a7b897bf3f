"""Whose pages may open a socket."""

import ipaddress
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, register
from django.core.checks import Warning as CheckWarning

from ..conf import get_settings
from .settings import unknown_settings


@register("notifications", deploy=True)
def check_origins(**_: Any) -> list[CheckMessage]:
    """W001: behind a proxy that rewrites Host no page can be told from a foreign one."""
    hosts = settings.ALLOWED_HOSTS
    given = getattr(settings, "NOTIFICATIONS", {})
    origins = (
        settings.CSRF_TRUSTED_ORIGINS or unknown_settings(given) or get_settings().ALLOWED_ORIGINS
    )
    told = "*" in hosts and settings.USE_X_FORWARDED_HOST
    if origins or told or any(map(_is_public, hosts)):
        return []
    return [
        CheckWarning(
            f"ALLOWED_HOSTS is {hosts!r}, which names no host that people see in their browsers.",
            hint="WebSockets are refused to pages of other hosts than the one that the server is "
            "asked for, and a proxy may change that. Name the site in ALLOWED_HOSTS or in "
            "NOTIFICATIONS['ALLOWED_ORIGINS'], or set USE_X_FORWARDED_HOST.",
            id="notifications.W001",
        )
    ]


def _is_public(host: str) -> bool:
    name = host.strip(".[]")
    try:
        return not ipaddress.ip_address(name).is_private
    except ValueError:
        return "." in name

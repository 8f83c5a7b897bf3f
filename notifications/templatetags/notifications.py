"""`{% load notifications %}`: what templates need to show notifications safely."""

from typing import Any
from urllib.parse import urlsplit

from django import template
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template import Context
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language
from django.utils.translation.trans_real import parse_accept_lang_header

from ..access.address import socket_path
from ..access.users import primary_key
from ..store.own.listing import count_unread

register = template.Library()

PAGE_SCHEMES = ("", "http", "https")


@register.filter
def page_link(url: str) -> str:
    """`url` if it leads to a page (http, https or relative), else nothing.

    A notification's address may come from anywhere; `javascript:` in an `href` would run.
    """
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        return ""
    return url if scheme in PAGE_SCHEMES else ""


@register.inclusion_tag("notifications/bell.html", takes_context=True)
def notification_bell(
    context: Context,
    read_on: str = "click",
    socket: str = "",
    toasts: bool = True,
) -> dict[str, Any]:
    """The bell of the user of this page; nothing for whoever is not signed in. One query.

    Nothing either where a page has no request, or its request no user, as pages of errors may.
    Notifications count as read on a "click", or when the panel is opened: on "open". Raises
    `ImproperlyConfigured` on a site without the feed.
    """
    request = context.get("request") or getattr(context, "request", None)
    user = getattr(request, "user", None)
    if request is None or user is None or not user.is_authenticated:
        return {}
    try:
        feed, inbox = reverse("notifications:list"), reverse("notifications:inbox")
    except NoReverseMatch as error:
        raise ImproperlyConfigured(
            "The bell needs the feed: put path('notifications/', include('notifications.urls')) "
            "into the URLs of the site."
        ) from error
    pk = primary_key(user)
    return {
        "feed": feed,
        "inbox": inbox,
        "socket": socket or socket_path(),
        "user_key": str(pk),
        "csrf": get_token(request),
        "read_on": read_on,
        "toasts": "on" if toasts else "off",
        "unread": count_unread(pk),
        "language": _language(request),
    }


def _language(request: HttpRequest) -> str:
    """That of the page, as the region of its user writes dates: `en-gb` where the page is `en-us`.

    Browsers do not know the variants of Django's languages, such as `ca@valencia`.
    """
    of_page = (get_language() or "").partition("@")[0]
    language, _, region = of_page.partition("-")
    wanted = language if len(region) == 2 else of_page
    asked = parse_accept_lang_header(request.headers.get("Accept-Language", ""))
    return next((code for code, _ in asked if code.startswith(f"{wanted}-")), of_page)

"""`{% load notifications %}`: what templates need to show notifications safely."""

from urllib.parse import urlsplit

from django import template

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

"""Where the socket of a site is."""

from django.urls import get_script_prefix


def socket_path() -> str:
    """Below the path that the site is at, as its pages are."""
    return f"{get_script_prefix()}ws/notifications/"

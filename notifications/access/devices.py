"""From what kind of device a request comes, as its headers say. Nothing of them is kept."""

import re
from typing import Any

from django.http import HttpRequest

from ..conf import get_settings
from ..db.traces import Device, Door, pack

MAX_CHARACTERS = 512
"""Of a header; what browsers say of themselves is half as long."""

_HEADERS = (b"user-agent", b"sec-ch-ua-mobile")

_HANDHELD = re.compile(r"Android|iPhone|iPad|iPod|Mobi|Tablet(?! PC)|Silk/|Kindle", re.IGNORECASE)
_PROGRAM = re.compile(r"bot\b|crawl|spider|headless", re.IGNORECASE)
_BROWSER = re.compile(r"(Mozilla|Opera)/\d")


def device_of(user_agent: str, is_mobile: str = "") -> Device:
    """Of the headers `User-Agent` and `Sec-CH-UA-Mobile`, whatever they hold.

    An iPad asks for pages as a Mac does, and counts as one.
    """
    user_agent = user_agent[:MAX_CHARACTERS]
    if _PROGRAM.search(user_agent):
        return Device.PROGRAM
    if is_mobile == "?1" or _HANDHELD.search(user_agent):
        return Device.HANDHELD
    if _BROWSER.match(user_agent):
        return Device.COMPUTER
    return Device.PROGRAM if user_agent.strip() else Device.UNKNOWN


def trace_in(scope: dict[str, Any]) -> int:
    """What whoever opens this WebSocket leaves in rows; zero with `TRACE_DEVICES` off."""
    if not get_settings().TRACE_DEVICES:
        return 0
    headers = dict(scope["headers"])
    texts = (headers.get(name, b"").decode("latin-1") for name in _HEADERS)
    return pack(Door.WEBSOCKET, device_of(*texts))


def trace_of(request: HttpRequest) -> int:
    """The same of who asks over HTTP."""
    if not get_settings().TRACE_DEVICES:
        return 0
    texts = (request.headers.get(name.decode(), "") for name in _HEADERS)
    return pack(Door.HTTP, device_of(*texts))

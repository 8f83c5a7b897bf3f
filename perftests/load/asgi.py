"""The application under load: the project's own, and two doors that no product has.

`/floor/` is a bare WebSocket to measure against, `/control/<command>` runs commands in this
process, where the channel layer in memory and the consumers are.
"""

from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from .floor import Receive, Scope, Send, floor

project: Any = import_string(settings.ASGI_APPLICATION)

# Importing the project's application has set Django up, which models need.
from .control import control  # noqa: E402


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Route one connection."""
    path = scope.get("path", "")
    if scope["type"] == "websocket" and path == "/floor/":
        await floor(scope, receive, send)
    elif scope["type"] == "http" and path.startswith("/control/"):
        await control(scope, receive, send)
    else:
        await project(scope, receive, send)

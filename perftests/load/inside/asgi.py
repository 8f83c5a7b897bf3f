"""The application under load: the project's own, and three doors that no product has.

`/floor/` is a bare WebSocket to measure against, `/rival/<layer>/` is what projects do without
us, `/control/<command>` runs commands in this process, where the channel layer in memory and the
consumers are.
"""

import atexit
import gc
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from .floor import Receive, Scope, Send, floor
from .only_tests import refuse_sites

refuse_sites(__name__)

project: Any = import_string(settings.ASGI_APPLICATION)

# Importing the project's application has set Django up, which models need.
from . import inspection, rivals  # noqa: E402 - they need models
from .commands import control  # noqa: E402 - as well

# Before it ends, Python looks three times for garbage among all that it has loaded. Tests that stop
# a server would wait for that.
atexit.register(gc.freeze)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Route one connection."""
    path = scope.get("path", "")
    if scope["type"] == "websocket" and path == "/floor/":
        await floor(scope, receive, send)
    elif scope["type"] == "websocket" and path in rivals.applications:
        await rivals.applications[path](scope, receive, send)
    elif scope["type"] == "http" and path.startswith("/control/"):
        await control(scope, receive, send)
    elif scope["type"] == "websocket":
        with inspection.connection():
            await project(scope, receive, send)
    else:
        await project(scope, receive, send)

"""Any Django project under load: its own application, and what SQL it has run.

Unlike `load.inside.asgi` it needs neither Channels nor `notifications`.
"""

import json
from typing import Any

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.utils.module_loading import import_string

from .only_tests import refuse_sites

refuse_sites(__name__)

# Sets Django up, which what follows needs.
django_views: Any = get_asgi_application()

from ..server.control import PREFIX  # noqa: E402 - after the set-up
from . import queries  # noqa: E402 - as well

named = getattr(settings, "ASGI_APPLICATION", None)
project: Any = import_string(named) if named else django_views


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Route one connection."""
    if scope["type"] == "http" and scope["path"] == f"{PREFIX}queries":
        await _answer(send, queries.report())
    else:
        await project(scope, receive, send)


async def _answer(send: Any, answer: dict[str, Any]) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

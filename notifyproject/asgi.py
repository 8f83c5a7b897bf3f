"""HTTP by Django, WebSockets by `notifications`."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "notifyproject.settings")

# Loads the apps, which the routes need.
http_application = get_asgi_application()

from notifications.routing import websocket_urlpatterns  # noqa: E402 - needs the apps

application = ProtocolTypeRouter(
    {
        "http": http_application,
        # The consumer checks origin and session itself, many newcomers with one query.
        "websocket": URLRouter(websocket_urlpatterns),
    }
)

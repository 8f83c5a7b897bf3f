"""WebSocket routes; put them into the project's `URLRouter`."""

from django.urls import path

from .consumers import NotificationConsumer
from .hub.shutdown import end_in_order
from .layers import get_hints_layer

# A server runs no checks: let it say at its start what is wrong, not to each client.
get_hints_layer()
end_in_order()

websocket_urlpatterns = [
    path("ws/notifications/", NotificationConsumer.as_asgi()),
]

"""The application under load with a planted leak: it keeps every socket."""

from perftests.load.asgi import application

__all__ = ["application"]

# Importing the application has set Django up.
from notifications.consumers import NotificationConsumer

kept = []
serve = NotificationConsumer._serve


async def serve_and_keep(self, hub, socket, receive):
    kept.append((socket, bytes(100_000)))
    await serve(self, hub, socket, receive)


NotificationConsumer._serve = serve_and_keep

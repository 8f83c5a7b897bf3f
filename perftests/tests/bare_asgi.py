"""An application without Django for the tests of servers and swarms: small, so it starts fast."""

import sys

from perftests.load.inside.floor import floor


async def application(scope, receive, send):
    """WebSockets are the floor's; a path asked for over HTTP is printed."""
    if scope["type"] == "websocket":
        await floor(scope, receive, send)
    elif scope["type"] == "http":
        sys.stderr.write(f"asked for {scope['path']}\n")
        sys.stderr.flush()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"hello"})

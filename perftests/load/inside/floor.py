"""The floor that ratios are measured against: the least an ASGI application does for a push."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

sockets: dict[Send, None] = {}
"""In the order in which they came, as ours are: at random they would be farther apart in memory."""

frames_received = 0


async def floor(scope: Scope, receive: Receive, send: Send) -> None:
    """Accept a WebSocket, take pushes until it goes, count what comes in and ignore it."""
    global frames_received
    await receive()
    await send({"type": "websocket.accept"})
    sockets[send] = None
    try:
        while (await receive())["type"] != "websocket.disconnect":
            frames_received += 1
    finally:
        sockets.pop(send, None)


async def push(text: str) -> int:
    """Send `text` to every socket, one after the other; how many that were."""
    message = {"type": "websocket.send", "text": text}
    current = tuple(sockets)
    for send in current:
        await send(message)
    await asyncio.sleep(0)  # neither server suspends in send(): let the loop serve the rest
    return len(current)

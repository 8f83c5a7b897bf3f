"""Commands that run inside the server under load, as JSON over HTTP.

Only `load.inside.asgi` mounts them; no product has them. `load.server.control` is their client.
"""

import asyncio
import gc
import json
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any

from perftests.measure.profiles import SampledProfile

from ..schedule.pacing import moments_ns, seconds_until
from ..server.control import PREFIX, turn
from . import floor, inspection, layer_commands, queries, rivals, sending
from .floor import Receive, Scope, Send

RECEIVE_POLL_SECONDS = 0.005

_profile: SampledProfile | None = None
_layer: layer_commands.CommandCounter | None = None
_counting_commands = ExitStack()

logger = logging.getLogger(__name__)


async def control(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one HTTP request to `/control/<command>` whose body is an object of arguments."""
    name = scope["path"].removeprefix(PREFIX)
    body = await _read(receive)
    if name not in COMMANDS:
        known = ", ".join(COMMANDS)
        await _answer(
            send,
            HTTPStatus.NOT_FOUND,
            {"error": f"There is no command {name!r}; there are {known}."},
        )
        return
    try:
        answer = await COMMANDS[name](**json.loads(body or b"{}"))
    except Exception as error:
        logger.exception("Command %s failed", name)
        await _answer(
            send,
            HTTPStatus.INTERNAL_SERVER_ERROR,
            {"error": f"{name} failed: {type(error).__name__}: {error}"},
        )
    else:
        await _answer(send, HTTPStatus.OK, answer)


async def _read(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _answer(send: Send, status: int, answer: dict[str, Any]) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


async def _notify(
    recipients: list[Any],
    count: int,
    schedule_ns: list[int] | None,
    each: int | None,
    **content: Any,
) -> dict[str, Any]:
    # In a thread with a database connection of its own, as a web worker has.
    each = each or len(recipients)
    audiences = [turn(recipients, each, number) for number in range(count)]
    return await asyncio.to_thread(sending.notify_all, audiences, schedule_ns, content)


async def _stop_sending() -> dict[str, Any]:
    sending.stop()
    return {}


async def _floor_push(text: str, count: int, per_second: float | None) -> dict[str, Any]:
    sent = 0
    for moment_ns in moments_ns(count, per_second):
        await asyncio.sleep(seconds_until(moment_ns))
        sent += await floor.push(text)
    return {"sent": sent}


async def _floor_receive(count: int, timeout_seconds: float) -> dict[str, Any]:
    # One request that waits: each one that asks would cost as much as ten frames.
    async with asyncio.timeout(timeout_seconds):
        while floor.frames_received < count:  # noqa: ASYNC110 - an event would make it dearer
            await asyncio.sleep(RECEIVE_POLL_SECONDS)
    return {"received": floor.frames_received}


async def _rival_send(layer: str, messages: list[tuple[Any, Any]]) -> dict[str, Any]:
    await rivals.send(layer, messages)
    return {}


async def _rival_live() -> dict[str, Any]:
    return {"consumers": len(rivals.connected)}


async def _connected() -> dict[str, Any]:
    return {"connections": inspection.connected}


async def _live() -> dict[str, Any]:
    return inspection.live()


async def _collect() -> dict[str, Any]:
    gc.collect()
    return {}


async def _groups() -> dict[str, Any]:
    return {"groups": inspection.layer_groups()}


async def _objects() -> dict[str, Any]:
    return {"types": await inspection.objects()}


async def _trace() -> dict[str, Any]:
    inspection.trace()
    return {}


async def _traced() -> dict[str, Any]:
    return {"bytes": await inspection.traced()}


async def _peak() -> dict[str, Any]:
    return {"bytes": inspection.peak()}


async def _grown() -> dict[str, Any]:
    return dict(inspection.grown())


async def _profile_loop() -> dict[str, Any]:
    global _profile
    _profile = SampledProfile()
    _profile.start()
    return {}


async def _profiled() -> dict[str, Any]:
    assert _profile is not None
    return {"seconds": _profile.stop()}


async def _queries() -> dict[str, Any]:
    return queries.report()


async def _layer_commands() -> dict[str, Any]:
    # From the first time on: nobody else pays for it.
    global _layer
    if _layer is None:
        _layer = _counting_commands.enter_context(layer_commands.counting())
    return {"commands": _layer.commands, "origins": _layer.origins}


async def _counting() -> dict[str, Any]:
    return {"seconds_each": queries.counter.seconds_each()}


async def _cpu() -> dict[str, Any]:
    return {"seconds": time.process_time(), "loop_seconds": time.thread_time()}


COMMANDS: dict[str, Callable[..., Awaitable[dict[str, Any]]]] = {
    "notify": _notify,
    "stop_sending": _stop_sending,
    "floor_push": _floor_push,
    "floor_receive": _floor_receive,
    "rival_send": _rival_send,
    "rival_live": _rival_live,
    "connected": _connected,
    "live": _live,
    "collect": _collect,
    "groups": _groups,
    "objects": _objects,
    "trace": _trace,
    "traced": _traced,
    "peak": _peak,
    "grown": _grown,
    "profile": _profile_loop,
    "profiled": _profiled,
    "queries": _queries,
    "layer_commands": _layer_commands,
    "counting": _counting,
    "cpu": _cpu,
}

"""Commands that run inside the server under load, as JSON over HTTP, and their client.

Only `perftests.load.asgi` mounts them; no product has them.
"""

import asyncio
import contextlib
import gc
import json
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.db import transaction

from notifications.hub.presence import Presence
from notifications.send import notify
from perftests.exceptions import PerftestsError

from . import floor, inspection, queries
from .floor import Receive, Scope, Send

T = TypeVar("T")

PREFIX = "/control/"

logger = logging.getLogger(__name__)


class ControlFailed(PerftestsError):
    """The server under load refused or failed a command; the message is the server's."""


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


class _Schedule:
    """When each of many sends is due: at a fixed rate whatever the sends take, or at once."""

    def __init__(self, per_second: float | None) -> None:
        self._start_ns = time.perf_counter_ns()
        self._interval_ns = 1e9 / per_second if per_second else 0.0

    def due_ns(self, number: int) -> int:
        if not self._interval_ns:
            return time.perf_counter_ns()
        return self._start_ns + round(number * self._interval_ns)


def _seconds_until(due_ns: int) -> float:
    return max(0.0, (due_ns - time.perf_counter_ns()) / 1e9)


def turn(recipients: Sequence[T], each: int, number: int) -> Sequence[T]:
    """The `each` recipients of notification `number` when they take turns, round and round."""
    return [recipients[(number * each + i) % len(recipients)] for i in range(each)]


async def _notify(
    recipients: list[Any], count: int, per_second: float | None, each: int | None, **content: Any
) -> dict[str, Any]:
    # In a thread with a database connection of its own, as a web worker has.
    each = each or len(recipients)
    audiences = [turn(recipients, each, number) for number in range(count)]
    return await asyncio.to_thread(_notify_all, audiences, per_second, content)


def _notify_all(
    audiences: list[Sequence[Any]], per_second: float | None, content: dict[str, Any]
) -> dict[str, Any]:
    ids, due, committed = [], [], []
    schedule = _Schedule(per_second)
    for number, audience in enumerate(audiences):
        due.append(schedule.due_ns(number))
        time.sleep(_seconds_until(due[-1]))
        with transaction.atomic():
            # Registered first, so it runs before anything is published.
            transaction.on_commit(lambda: committed.append(time.perf_counter_ns()))
            ids.append(notify(audience, **content).pk)
    return {"ids": ids, "due_ns": due, "committed_ns": committed}


async def _floor_push(text: str, count: int, per_second: float | None) -> dict[str, Any]:
    sent = 0
    schedule = _Schedule(per_second)
    for number in range(count):
        await asyncio.sleep(_seconds_until(schedule.due_ns(number)))
        sent += await floor.push(text)
    return {"sent": sent}


async def _live() -> dict[str, Any]:
    gc.collect()
    ours = [thing for thing in gc.get_objects() if _is_ours(thing)]
    names = Counter(type(thing).__name__ for thing in ours)
    return {
        "consumers": names["NotificationConsumer"],
        "sockets": names["Socket"],
        "users": sum(len(thing.pks()) for thing in ours if isinstance(thing, Presence)),
    }


def _is_ours(thing: object) -> bool:
    return str(type(thing).__module__).startswith("notifications.")


async def _groups() -> dict[str, Any]:
    return {"groups": inspection.layer_groups()}


async def _trace() -> dict[str, Any]:
    inspection.trace()
    return {}


async def _grown() -> dict[str, Any]:
    return {"lines": inspection.grown()}


async def _queries() -> dict[str, Any]:
    return {"statements": queries.statements}


async def _cpu() -> dict[str, Any]:
    return {"seconds": time.process_time()}


COMMANDS: dict[str, Callable[..., Awaitable[dict[str, Any]]]] = {
    "notify": _notify,
    "floor_push": _floor_push,
    "live": _live,
    "groups": _groups,
    "trace": _trace,
    "grown": _grown,
    "queries": _queries,
    "cpu": _cpu,
}


@dataclass(frozen=True, slots=True)
class Sent:
    """What the server sent: one entry for each notification, times in `perf_counter_ns`.

    `due_ns` is when it should have been sent, `committed_ns` when its rows were committed.
    """

    ids: list[int]
    due_ns: list[int]
    committed_ns: list[int]


class Control:
    """The commands, for a test; each raises `ControlFailed` with the server's own words."""

    def __init__(self, http_url: str, *, timeout_seconds: float = 120) -> None:
        self._address = urlsplit(http_url).netloc
        self._timeout_seconds = timeout_seconds

    def notify(
        self,
        recipients: Sequence[Any],
        title: str = "Load",
        *,
        count: int = 1,
        per_second: float | None = None,
        each: int | None = None,
        **content: Any,
    ) -> Sent:
        """Send `count` notifications to `recipients` (primary keys); returns when committed.

        Every one of them gets each notification, or `each` of them at a time, as `turn` says.
        With `per_second` at a fixed rate, behind which a slow server falls; `content` as `notify`
        takes it.
        """
        schedule = {"count": count, "per_second": per_second, "each": each}
        arguments = {"recipients": list(recipients), "title": title, **schedule, **content}
        return Sent(**self.call("notify", **arguments))

    def floor_push(self, text: str, *, count: int = 1, per_second: float | None = None) -> int:
        """Send `text` `count` times to every floor socket; how many frames that made."""
        answer = self.call("floor_push", text=text, count=count, per_second=per_second)
        return int(answer["sent"])

    def live(self) -> dict[str, int]:
        """How many `consumers`, `sockets` and `users` of the hub exist, after a collection."""
        return self.call("live")

    def layer_groups(self) -> int:
        """How many groups of the channel layer the server's process is in."""
        return int(self.call("groups")["groups"])

    def trace(self) -> None:
        """Let the server trace its allocations, slowly, until `grown` is asked."""
        self.call("trace")

    def grown(self) -> list[str]:
        """The lines of code, with sizes, that hold more memory since `trace`; the worst first."""
        return list(self.call("grown")["lines"])

    def queries(self) -> Counter[str]:
        """How often the server has run each SQL statement since it began."""
        return Counter(self.call("queries")["statements"])

    def cpu_seconds(self) -> float:
        """CPU time of the server's process since it began."""
        return float(self.call("cpu")["seconds"])

    def call(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Run any command."""
        connection = HTTPConnection(self._address, timeout=self._timeout_seconds)
        with contextlib.closing(connection):
            connection.request("POST", PREFIX + command, json.dumps(arguments))
            response = connection.getresponse()
            answer: dict[str, Any] = json.load(response)
        if response.status != HTTPStatus.OK:
            raise ControlFailed(answer["error"])
        return answer

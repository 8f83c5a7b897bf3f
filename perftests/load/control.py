"""The client of the commands inside the server under load, which `perftests.load.commands` has."""

import contextlib
import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any, TypeVar
from urllib.parse import urlsplit

from perftests.exceptions import PerftestsError

from .shapes import Shape, constant, due_ns

T = TypeVar("T")

PREFIX = "/control/"
POLL_SECONDS = 0.01


class ControlFailed(PerftestsError):
    """The server under load refused or failed a command; the message is the server's."""


def turn(recipients: Sequence[T], each: int, number: int) -> Sequence[T]:
    """The `each` recipients of notification `number` when they take turns, round and round."""
    return [recipients[(number * each + i) % len(recipients)] for i in range(each)]


@dataclass(frozen=True, slots=True)
class Sent:
    """What the server sent: one entry for each notification, times in `perf_counter_ns`.

    `due_ns` is when it should have been sent, `committed_ns` when its rows were committed.
    """

    ids: list[int]
    due_ns: list[int]
    committed_ns: list[int]


class Control:
    """The commands, for a test; each raises `ControlFailed` with the server's own words.

    `calls` is how many have been given.
    """

    def __init__(self, http_url: str, *, timeout_seconds: float = 120) -> None:
        self.calls = 0
        self._address = urlsplit(http_url).netloc
        self._timeout_seconds = timeout_seconds

    def notify(
        self,
        recipients: Sequence[Any],
        title: str = "Load",
        *,
        count: int = 1,
        per_second: float | None = None,
        shape: Shape = (),
        each: int | None = None,
        **content: Any,
    ) -> Sent:
        """Send `count` notifications to `recipients` (primary keys); returns when committed.

        Every one of them gets each notification, or `each` of them at a time, as `turn` says.
        With `per_second` at a fixed rate, behind which a slow server falls, or as many as a
        `shape` has, when they are due in it; `content` as `notify` takes it.
        """
        if per_second:
            shape = constant(per_second, seconds=count / per_second)
        schedule_ns = due_ns(shape, 0) if shape else None
        count = count if schedule_ns is None else len(schedule_ns)
        schedule = {"count": count, "schedule_ns": schedule_ns, "each": each}
        arguments = {"recipients": list(recipients), "title": title, **schedule, **content}
        return Sent(**self.call("notify", **arguments))

    def stop_sending(self) -> None:
        """Let every `notify` that is under way end early, with what it has sent until then."""
        self.call("stop_sending")

    def floor_push(self, text: str, *, count: int = 1, per_second: float | None = None) -> int:
        """Send `text` `count` times to every floor socket; how many frames that made."""
        answer = self.call("floor_push", text=text, count=count, per_second=per_second)
        return int(answer["sent"])

    def floor_receive(self, count: int = 0, *, timeout_seconds: float = 30) -> int:
        """Wait until the floor has received `count` frames since the server began; how many."""
        arguments = {"count": count, "timeout_seconds": timeout_seconds}
        return int(self.call("floor_receive", **arguments)["received"])

    def rival_send(self, layer: str, messages: Iterable[tuple[Any, Mapping[str, Any]]]) -> None:
        """Send messages as `perftests.load.rivals.send` does, inside the server."""
        self.call("rival_send", layer=layer, messages=list(messages))

    def rival_live(self) -> int:
        """How many of the rivals' consumers are in their groups."""
        return int(self.call("rival_live")["consumers"])

    def connected(self) -> int:
        """How many WebSockets the server has, those included whose client left a moment ago."""
        return int(self.call("connected")["connections"])

    def await_empty(self, timeout_seconds: float) -> None:
        """Wait until the server has seen every client leave; raises `TimeoutError`."""
        deadline = time.monotonic() + timeout_seconds
        while left := self.connected():
            if time.monotonic() > deadline:
                raise TimeoutError(f"The server still has {left} connections after all left.")
            time.sleep(POLL_SECONDS)

    def live(self) -> dict[str, int]:
        """How many `consumers`, `sockets` and `users` of the hub exist that are no garbage."""
        return self.call("live")

    def collect(self) -> None:
        """Let the server collect its garbage."""
        self.call("collect")

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

    def counting_seconds(self) -> float:
        """CPU time that the counting adds to each SQL statement of the server."""
        return float(self.call("counting")["seconds_each"])

    def cpu_seconds(self) -> float:
        """CPU time of the server's process since it began."""
        return float(self.call("cpu")["seconds"])

    def loop_cpu_seconds(self) -> float:
        """CPU time of the event loop's thread alone, without the database's."""
        return float(self.call("cpu")["loop_seconds"])

    def call(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Run any command."""
        self.calls += 1
        connection = HTTPConnection(self._address, timeout=self._timeout_seconds)
        with contextlib.closing(connection):
            connection.request("POST", PREFIX + command, json.dumps(arguments))
            response = connection.getresponse()
            answer: dict[str, Any] = json.load(response)
        if response.status != HTTPStatus.OK:
            raise ControlFailed(answer["error"])
        return answer

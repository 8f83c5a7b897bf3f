"""The client of the commands inside the server under load, `load.inside.commands`."""

import contextlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any, TypeVar
from urllib.parse import urlsplit

from perftests.exceptions import PerftestsError
from perftests.measure.profiles import SelfSeconds
from perftests.processes.waiting import settle

from ..schedule.shapes import Shape, constant, due_ns

T = TypeVar("T")

PREFIX = "/control/"

SECONDS_EACH = 0.001
"""So slow may a server be to write a delivery: some ten times what it takes."""


class ControlFailed(PerftestsError):
    """The server under load refused or failed a command; the message is the server's."""


def turn(recipients: Sequence[T], each: int, number: int) -> Sequence[T]:
    """The `each` recipients of notification `number` when they take turns, round and round."""
    return [recipients[(number * each + i) % len(recipients)] for i in range(each)]


def deal(ids: Sequence[int], recipients: Sequence[list[int]], each: int) -> None:
    """Append each id to the lists of those whose `turn` it was."""
    for number, id_ in enumerate(ids):
        for mine in turn(recipients, each, number):
            mine.append(id_)


@dataclass(frozen=True, slots=True)
class Sent:
    """What the server sent: one entry for each notification, times in `perf_counter_ns`.

    `due_ns` is when it should have been sent, `committed_ns` when its rows were committed.
    """

    ids: list[int]
    due_ns: list[int]
    committed_ns: list[int]

    @property
    def begun_ns(self) -> list[int]:
        """When each could begin: when it was due, or when the one before was committed."""
        before = [0, *self.committed_ns[:-1]]
        return [max(moments) for moments in zip(self.due_ns, before, strict=True)]

    @property
    def due_ns_of(self) -> dict[int, int]:
        """When each should have been sent, by id."""
        return dict(zip(self.ids, self.due_ns, strict=True))

    @property
    def committed_ns_of(self) -> dict[int, int]:
        """When the rows of each were committed, by id."""
        return dict(zip(self.ids, self.committed_ns, strict=True))


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
        seconds = schedule_ns[-1] / 1e9 if schedule_ns else 0.0
        seconds += SECONDS_EACH * count * (each or len(recipients))
        return Sent(**self.call("notify", seconds, **arguments))

    def stop_sending(self) -> None:
        """Let every `notify` that is under way end early, with what it has sent until then."""
        self.call("stop_sending")

    def floor_push(self, text: str, *, count: int = 1, per_second: float | None = None) -> int:
        """Send `text` `count` times to every floor socket; how many frames that made."""
        seconds = count / per_second if per_second else 0.0
        answer = self.call("floor_push", seconds, text=text, count=count, per_second=per_second)
        return int(answer["sent"])

    def floor_receive(self, count: int = 0, *, timeout_seconds: float = 30) -> int:
        """Wait until the floor has received `count` frames since the server began; how many."""
        arguments = {"count": count, "timeout_seconds": timeout_seconds}
        return int(self.call("floor_receive", timeout_seconds, **arguments)["received"])

    def rival_send(self, layer: str, messages: Iterable[tuple[Any, Mapping[str, Any]]]) -> None:
        """Send messages as `perftests.load.inside.rivals.send` does, inside the server."""
        self.call("rival_send", layer=layer, messages=list(messages))

    def rival_live(self) -> int:
        """How many of the rivals' consumers are in their groups."""
        return int(self.call("rival_live")["consumers"])

    def connected(self) -> int:
        """How many WebSockets the server has, those included whose client left a moment ago."""
        return int(self.call("connected")["connections"])

    def await_empty(self, timeout_seconds: float) -> None:
        """Wait until the server has seen every client leave; raises `TimeoutError`."""
        if left := settle(self.connected, timeout_seconds):
            raise TimeoutError(f"The server still has {left} connections after all left.")

    def live(self) -> dict[str, int]:
        """How many `consumers`, `sockets` and `users` of the hub exist that are no garbage."""
        return self.call("live")

    def collect(self) -> None:
        """Let the server collect its garbage."""
        self.call("collect")

    def layer_groups(self) -> int:
        """How many groups of the channel layer the server's process is in."""
        return int(self.call("groups")["groups"])

    def objects(self) -> Counter[str]:
        """How many objects of each type are alive in the server, some seconds later."""
        return Counter(self.call("objects")["types"])

    def trace(self) -> None:
        """Let the server trace its allocations, slowly, until `grown` is asked.

        Where it does so already, `grown` tells what came after this call.
        """
        self.call("trace")

    def traced_bytes(self) -> int:
        """What was allocated since tracing began and is still held, some seconds later."""
        return int(self.call("traced")["bytes"])

    def peak_bytes(self) -> int:
        """How much more than at `trace` was held at most since."""
        return int(self.call("peak")["bytes"])

    def grown(self) -> dict[str, list[str]]:
        """What there is more of since `trace`, the worst first.

        The `lines` of code that hold more memory, with sizes, and the `types` of objects.
        """
        return self.call("grown")

    @contextlib.contextmanager
    def profiled(self) -> Iterator[SelfSeconds]:
        """Sample the server's event loop while the block runs; after it, where its time went."""
        seconds: SelfSeconds = {}
        self.call("profile")
        try:
            yield seconds
        finally:
            seconds.update(self.call("profiled")["seconds"])

    def queries(self) -> Counter[str]:
        """How often the server has run each SQL statement since it began."""
        return Counter(self.call("queries")["statements"])

    def origins(self) -> dict[str, str]:
        """Which line of the product was the first to run each of them; empty for none."""
        origins: dict[str, str] = self.call("queries")["origins"]
        return origins

    def layer_commands(self) -> tuple[Counter[str], dict[str, str]]:
        """How often the server has given each command to its channel layer since this was first
        asked, and which line of the product was the first to."""
        answer = self.call("layer_commands")
        return Counter(answer["commands"]), answer["origins"]

    def counting_seconds(self) -> float:
        """CPU time that the counting adds to each SQL statement of the server."""
        return float(self.call("counting")["seconds_each"])

    def cpu_seconds(self) -> float:
        """CPU time of the server's process since it began."""
        return float(self.call("cpu")["seconds"])

    def loop_cpu_seconds(self) -> float:
        """CPU time of the event loop's thread alone, without the database's."""
        return float(self.call("cpu")["loop_seconds"])

    def call(self, command: str, seconds: float = 0, /, **arguments: Any) -> dict[str, Any]:
        """Run any command; one that takes so many `seconds` is waited for as much longer."""
        self.calls += 1
        connection = HTTPConnection(self._address, timeout=self._timeout_seconds + seconds)
        with contextlib.closing(connection):
            connection.request("POST", PREFIX + command, json.dumps(arguments))
            response = connection.getresponse()
            answer: dict[str, Any] = json.load(response)
        if response.status != HTTPStatus.OK:
            raise ControlFailed(answer["error"])
        return answer

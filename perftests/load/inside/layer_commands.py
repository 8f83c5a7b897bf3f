"""Counts what this process asks of its channel layer: Redis commands, or hints in memory."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer

from .queries import PRODUCT, line_of_the_product

ASKED = ("send", "group_send", "group_add", "group_discard", "publish_hints")
"""The methods of a layer by which something is asked of it."""

BY_TIME = {"PING", "BZPOPMIN"}
"""Redis commands that come again and again by themselves, whatever is done."""


class CommandCounter:
    """`commands` says how often each has been given, by its name, and a hint for each group that
    it goes to; `origins` which line of the product outside of its layers gave it first."""

    def __init__(self) -> None:
        self.commands: Counter[str] = Counter()
        self.origins: dict[str, str] = {}

    def add(self, command: str, times: int = 1) -> None:
        """Count one that is being given now."""
        self.commands[command] += times
        if command not in self.origins:
            self.origins[command] = line_of_the_product(but_for=PRODUCT / "layers")

    def add_redis(self, command: Any) -> None:
        """Count a command of Redis, given by its name."""
        name = (command if isinstance(command, bytes) else str(command).encode()).decode().upper()
        if name not in BY_TIME:
            self.add(name)


@contextmanager
def counting() -> Iterator[CommandCounter]:
    """Count in all threads of this process while the block runs."""
    counter = CommandCounter()
    layer = get_channel_layer()
    with ExitStack() as undo:
        if isinstance(layer, InMemoryChannelLayer):
            for name in ASKED:
                if hasattr(layer, name):
                    _wrap(undo, type(layer), name, _asked(counter, name))
        if "redis" in sys.modules:  # which nobody need install
            _count_redis(undo, counter)
        yield counter


def _asked(counter: CommandCounter, name: str) -> Callable[..., None]:
    def count(layer: Any, *arguments: Any, **options: Any) -> None:
        counter.add(name)
        if name == "publish_hints":
            [batch] = arguments or options.values()
            if hints := sum(len(groups) for _, groups in batch):
                counter.add("hint to a group", hints)

    return count


def _count_redis(undo: ExitStack, counter: CommandCounter) -> None:
    """Where redis-py writes a command out, alone or in a pipeline, whichever client gives it."""
    from redis import connection
    from redis.asyncio.connection import AbstractConnection

    def count(packer: Any, *command: Any, **_: Any) -> None:
        counter.add_redis(command[0])

    for packer in (connection.HiredisRespSerializer, connection.PythonRespSerializer):
        _wrap(undo, packer, "pack", count)
    _wrap(undo, AbstractConnection, "pack_command", count)


def _wrap(undo: ExitStack, owner: type, name: str, before: Callable[..., None]) -> None:
    """Call `before` with the arguments of each call of a method."""
    method, own = getattr(owner, name), name in vars(owner)

    def wrapped(self: Any, *arguments: Any, **options: Any) -> Any:
        before(self, *arguments, **options)
        return method(self, *arguments, **options)

    setattr(owner, name, wrapped)
    if own:
        undo.callback(setattr, owner, name, method)
    else:
        undo.callback(delattr, owner, name)

"""Objects inside this process that the garbage collector tracks: how many of which type."""

import gc
import sys
from collections import Counter
from itertools import chain
from operator import call
from typing import Any

from .memory import SHOWN_CULPRITS

LEAST_GROWN = 5
"""Objects of a type: fewer come and go by themselves."""


def tracked_types() -> "map[type]":
    """The type of each of them, to be used up by one call of a function of C, such as `list`.

    So no other thread runs meanwhile. Among the objects are tuples that one is still filling, and
    CPython lets it not go on while somebody else holds them: "SystemError: bad argument to
    internal function". https://docs.python.org/3/library/gc.html#gc.get_objects
    """
    return map(type, chain.from_iterable(map(call, [gc.get_objects])))


def instances(*kinds: type) -> list[Any]:
    """Those of exactly these classes, which are written in Python; what goes for tuples, as above.

    Each refers to its class, so that no others need be held.
    """
    return [thing for thing in gc.get_referrers(*kinds) if type(thing) in kinds]


def live_objects(*types: type) -> dict[str, int]:
    """How many instances of each type are alive after a garbage collection, by class name.

    Exact for instances of classes written in Python; objects that the collector does not track,
    such as strings, are not seen.
    """
    gc.collect()
    # Not isinstance(): it asks proxies such as SimpleLazyObject for `__class__`, which evaluates
    # them.
    found = Counter(tracked_types())
    return {
        wanted.__name__: sum(n for kind, n in found.items() if issubclass(kind, wanted))
        for wanted in types
    }


def count_types() -> Counter[type]:
    """How many objects of each type are alive, of those that the garbage collector tracks."""
    gc.collect()
    return Counter(tracked_types())


def grown_types(before: Counter[type], after: Counter[type]) -> list[str]:
    """The types of which there are more objects, with how many more: `"7 × package.module.Type"`.

    Those of Python and its library come last: the others consist of them.
    """
    grown = [(kind, n) for kind, n in (after - before).items() if n >= LEAST_GROWN]
    grown.sort(key=lambda found: (_is_pythons(found[0]), -found[1]))
    return [f"{n:,} × {k.__module__}.{k.__qualname__}" for k, n in grown[:SHOWN_CULPRITS]]


def _is_pythons(kind: type) -> bool:
    return str(kind.__module__).partition(".")[0] in sys.stdlib_module_names | {"builtins"}

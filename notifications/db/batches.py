"""Ask for many together, and let the input of one spoil nobody else's answer."""

import pickle
from collections.abc import Callable, Mapping, Sequence
from typing import ParamSpec, TypeVar

from django.core.exceptions import (
    ObjectDoesNotExist,
    PermissionDenied,
    SuspiciousOperation,
    ValidationError,
)
from django.db import DataError

from ..exceptions import NotificationError

P = ParamSpec("P")
K = TypeVar("K")
V = TypeVar("V")

BAD_INPUT = (
    *(ArithmeticError, AttributeError, EOFError, ImportError, LookupError, RecursionError),
    *(TypeError, ValueError, pickle.PickleError),
    *(DataError, ObjectDoesNotExist, PermissionDenied, SuspiciousOperation, ValidationError),
    NotificationError,
)
"""What is raised because of the input, and would be raised again. Whatever else there is may pass:
a database, a cache or a directory that does not answer."""


def ask_together(
    ask: Callable[[list[K]], Mapping[K, V]], keys: Sequence[K]
) -> dict[K, V | Exception]:
    """What `ask` finds for each of `keys`, asked once; a key that spoils it gets its own error.

    Raises what is not about the input: then nobody has an answer.
    """
    if not keys:
        return {}
    try:
        return dict(ask(list(keys)))
    except BAD_INPUT as error:
        if len(keys) == 1:
            return {keys[0]: error}
    half = len(keys) // 2
    return ask_together(ask, keys[:half]) | ask_together(ask, keys[half:])


def attempt(work: Callable[P, V], *args: P.args, **kwargs: P.kwargs) -> V | Exception:
    """What `work` returns or raises: for one of many, whose error is nobody else's."""
    try:
        return work(*args, **kwargs)
    except Exception as error:
        return error

"""Values that Python, JSON, a browser and both databases see alike; anything else is refused."""

import json
import math
from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise

from ..conf import get_settings
from ..exceptions import InvalidNotification, shown

MAX_DEPTH = 32
"""Levels of `data`. Whoever shows, encodes or compares it recurses: templates, the admin,
`pprint`, `copy`; Python gives up at a thousand calls, some of which are somebody else's."""

MAX_NUMBER = 2**53 - 1
"""JavaScript rounds what is bigger. PostgreSQL gives a float back as an integer from 1e16 on, and
1e300 as another number."""


def plain_text(value: Any) -> Any:
    """Text as a plain `str`: lazy text in the language of the moment, a choice as its value.

    What is no text comes back as it is.
    """
    if isinstance(value, Promise):
        value = str(value)
    if isinstance(value, str):
        return str.__str__(value) if issubclass(type(value), str) else str(value)
    return value


def storable(text: str) -> str:
    """Why a database or a frame cannot hold this text; empty if they can."""
    if "\x00" in text:
        return "contains a NUL character, which no database stores"
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"is not valid Unicode: {error.reason}"
    return ""


def plain_data(data: Mapping[str, Any] | None) -> dict[str, Any]:
    """`data` as it will come back from the database: keys are text, tuples are lists.

    Raises `InvalidNotification` for what does not come back as it was.
    """
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise InvalidNotification(f"data is {shown(data)}; give a dict that JSON can hold")
    copy: dict[str, Any] = _Copier().copy(data, "data", 1)
    return copy


def parse_data(text: str) -> Any:
    """The value that JSON text stands for, before `plain_data` looks at it.

    Raises `InvalidNotification` for text that is not JSON, or names a key twice.
    """
    try:
        return json.loads(text, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as error:
        if isinstance(error, InvalidNotification):
            raise
        raise InvalidNotification(f"data is not JSON: {error}") from error


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise InvalidNotification(f"data is not JSON: the key {doubled!r:.50} is there twice")
    return found


class _Copier:
    """Copies value by value and counts them: what is shared or endless must not grow without end.

    A value has at least one byte in JSON.
    """

    def __init__(self) -> None:
        self._limit = self._left = get_settings().MAX_PAYLOAD_BYTES

    def copy(self, value: Any, where: str, depth: int) -> Any:
        self._count()
        value = plain_text(value)
        match value:
            case None | bool():
                return value
            case str():
                return _text(value, where)
            case int() | float():
                return _number(value, where)
            case Mapping():
                _check_depth(depth)
                return self._object(value, where, depth)
            case list() | tuple():
                _check_depth(depth)
                return [
                    self.copy(each, f"{where}[{number}]", depth + 1)
                    for number, each in enumerate(value)
                ]
        raise InvalidNotification(
            f"data is not JSON: {where} is {type(value).__name__}; "
            "give text, a number, a boolean, None, a list or a dict"
        )

    def _object(self, value: Mapping[Any, Any], where: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, each in value.items():
            name = _key(key, where)
            if name in found:
                raise InvalidNotification(
                    f"data is not JSON: {where} has two keys that are {name!r:.50} as text"
                )
            found[name] = self.copy(each, f"{where}[{name!r:.50}]", depth + 1)
        return found

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise InvalidNotification(
                f"data has more than {self._limit} values, and so more bytes as JSON; at most "
                f"{self._limit} are sent (NOTIFICATIONS['MAX_PAYLOAD_BYTES'])"
            )


def _check_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise InvalidNotification(f"data is not JSON: it is nested more than {MAX_DEPTH} deep")


def _key(key: Any, where: str) -> str:
    """As JSON has it: numbers, booleans and `None` become text."""
    key = plain_text(key)
    if isinstance(key, str):
        return _text(key, f"a key of {where}")
    if key is None or isinstance(key, bool):
        return json.dumps(key)
    if isinstance(key, int | float):
        return repr(_number(key, f"a key of {where}"))
    raise InvalidNotification(
        f"data is not JSON: a key of {where} is {type(key).__name__}; keys are text"
    )


def _text(text: str, where: str) -> str:
    if problem := storable(text):
        if "NUL" in problem:
            raise InvalidNotification(f"data {problem}")
        raise InvalidNotification(f"data is not JSON: {where} {problem}")
    return text


def _number(value: float, where: str) -> float:
    """A plain `int` or `float`; −0.0 is 0.0, as PostgreSQL knows no other."""
    number = int(value) if isinstance(value, int) else float(value) + 0.0
    if isinstance(number, float) and not math.isfinite(number):
        raise InvalidNotification(f"data is not JSON: {where} is {number}, which is no number")
    if abs(number) > MAX_NUMBER:
        raise InvalidNotification(
            f"data is not JSON: {where} is a number beyond ±{MAX_NUMBER}, which browsers round; "
            "give it as text"
        )
    return number

"""The one way to write records down, for the pipe, for rows and for JSON, and to read them back.

msgspec follows the fields of the dataclasses; only a `Target` is made a text. Numbers come back
exactly as they were.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from .targets import Target

T = TypeVar("T")


def to_builtins(record: object) -> dict[str, Any]:
    """A record as dicts, lists, texts and numbers."""
    plain: dict[str, Any] = msgspec.to_builtins(record, enc_hook=_text)
    return plain


def from_builtins(plain: object, kind: type[T]) -> T:
    """The record of that kind; raises `msgspec.ValidationError` with what is wrong, and where."""
    return msgspec.convert(plain, kind, dec_hook=_target)


def without(nothing: object, plain: Mapping[str, Any]) -> dict[str, Any]:
    """Plain data without the fields that have this value, which are then read as their default."""
    return {name: value for name, value in plain.items() if value != nothing}


def encode(record: object) -> bytes:
    """A record as JSON, in one line."""
    return _encoder.encode(record)


def decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """What reads such records from JSON; it raises `msgspec.DecodeError`."""
    return msgspec.json.Decoder(kind, dec_hook=_target)


def _text(value: object) -> str:
    if isinstance(value, Target):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} is in no record")


def _target(kind: type, text: Any) -> Target:
    if kind is Target:
        return Target.parse(text)
    raise NotImplementedError(f"{kind.__name__} is in no record")


_encoder = msgspec.json.Encoder(enc_hook=_text)

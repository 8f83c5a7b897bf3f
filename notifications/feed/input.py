"""What a request says, as structs of the contract; `Refused` says what is wrong with it."""

import re
from typing import Any, TypeVar

import msgspec
from django.http import HttpRequest, QueryDict, UnreadablePostError

from ..conf import get_settings
from .contract import ByIds, UpTo
from .problems import Refused

T = TypeVar("T", bound=msgspec.Struct)

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
"""What some clients say of an empty body."""

MAX_ID = 2**63 - 1

_NUMBER = re.compile(r"-?\d{1,19}", re.ASCII)
_WORDS = {"true": True, "false": False}
# A body that is nested too deep is no MsgspecError.
_UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeError)


def read_query(kind: type[T], params: QueryDict) -> T:
    """What stands behind the path."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    texts: frozenset[str] = kind.TEXTS  # type: ignore[attr-defined]  # each query struct has it
    given: dict[str, Any] = {}
    for name, values in params.lists():
        field = fields.get(name)
        if field is not None and isinstance(field.default_factory, type):
            given[name] = values  # a list
        elif len(values) > 1:
            raise Refused("invalid", f"`{name}` may be given once, not {len(values)} times")
        else:
            given[name] = values[0] if name in texts else _plain(values[0])
    try:
        return msgspec.convert(given, kind)
    except (msgspec.ValidationError, OverflowError) as error:
        raise Refused("invalid", f"In the query: {error}") from None


def _plain(text: str) -> Any:
    """A number, or a word of JSON; whatever else it is, the contract refuses."""
    if _NUMBER.fullmatch(text):
        return int(text)
    return _WORDS.get(text, text)


def read_selection(request: HttpRequest) -> ByIds | UpTo:
    """Which notifications the body of a request names."""
    named = _body(request)
    kind: type[ByIds] | type[UpTo] = UpTo if "upto" in named else ByIds
    return _converted(named, kind)


def read_ids(request: HttpRequest) -> ByIds:
    """The ids that the body of a request names."""
    return _converted(_body(request), ByIds)


def _converted(named: dict[str, Any], kind: type[T]) -> T:
    try:
        return msgspec.convert(named, kind)
    except msgspec.ValidationError as error:
        raise Refused("invalid", f"In the body: {error}") from None


def read_id(text: str) -> int:
    """The id in a path; there is none that is not a positive whole number."""
    if _NUMBER.fullmatch(text) and 0 < (number := int(text)) <= MAX_ID:
        return number
    raise not_found()


def not_found() -> Refused:
    """Whether it does not exist or is somebody else's is not told."""
    return Refused("not-found", "No such notification is yours.")


def check_body_type(request: HttpRequest) -> None:
    """Before anybody parses it: Django would, to look for a token in a form."""
    empty = request.META.get("CONTENT_LENGTH") in (None, "", "0")
    if request.content_type == JSON or (empty and request.content_type in ("", FORM)):
        return
    raise Refused("media-type", f"Send {JSON}, or nothing where no body is needed.")


def _body(request: HttpRequest) -> dict[str, Any]:
    limit = get_settings().MAX_FRAME_BYTES
    try:
        body = request.read(limit + 1)
    except UnreadablePostError as error:
        raise Refused("invalid", "The body could not be read.") from error
    if len(body) > limit:
        raise Refused("too-large", f"A body may have at most {limit} bytes.")
    try:
        named = msgspec.json.decode(body, type=dict[str, Any])
    except _UNREADABLE as error:
        raise Refused("invalid", f"In the body: {error}") from None
    return {name: _whole(value) for name, value in named.items()}


def _whole(value: Any) -> Any:
    """JSON has one kind of number: 1.0 is the id 1, as the schema has it."""
    if isinstance(value, list):
        return [_number(one) for one in value]
    return _number(value)


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value

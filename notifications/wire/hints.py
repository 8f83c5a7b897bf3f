"""Hints: what processes tell each other. They may get lost; the database is the truth.

Pure: each is a small struct that travels as MessagePack bytes.
"""

import hashlib
import re
from typing import Any

import msgspec

from ..states import News

HUBS = "notifications.hubs"
"""The group that every hub joins."""

_PLAIN = re.compile(r"[a-zA-Z0-9\-_.]{1,80}")


class Notified(msgspec.Struct, array_like=True, tag=1):
    """To one user's group: this frame is for you.

    Of one that is `shared` others have hints of their own, which may get lost while this is heard.
    """

    id: int
    text: str
    shared: bool = True


class Announced(msgspec.Struct, array_like=True, tag=2):
    """To all hubs: look which of your users have this queued."""

    id: int
    text: str


class Changed(msgspec.Struct, array_like=True, tag=3):
    """To one user's group: the state of these notifications has changed; none: of too many."""

    change: News
    ids: list[int]


class SignedOut(msgspec.Struct, array_like=True, tag=4):
    """To one user's group: this session, or the whole account when empty, may stay no longer."""

    session: str


class Edited(msgspec.Struct, array_like=True, tag=5):
    """To all hubs: this notification says something else now, or was recalled."""

    id: int


Hint = Notified | Announced | Changed | SignedOut | Edited

encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Hint).decode


def user_group(pk: Any) -> str:
    """The group of one user; a primary key with other characters than a group allows is hashed."""
    name = str(pk)
    if not _PLAIN.fullmatch(name):
        name = "sha256." + hashlib.sha256(name.encode()).hexdigest()
    return f"user.{name}"


def session_digest(session_key: str) -> str:
    """A session's name that is safe to send around."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:32]

"""Tickets: how apps and load clients without a session cookie connect.

Signed with the site's key, valid for a minute; replay inside that minute is accepted. A ticket is
a token of RFC 9110, so it fits into a URL, a subprotocol and a header as it is.
"""

import time
from typing import Any

from django.contrib.auth import get_user_model
from django.core import signing
from django.db.models import Model

from ..conf import get_settings
from ..db.batches import BAD_INPUT
from ..exceptions import InvalidRecipient, InvalidTicket
from .users import key_field, last_key, lineage

SALT = "notifications.ticket"

SUBPROTOCOL = "notifications.v1"
"""What the server selects when a ticket comes in `Sec-WebSocket-Protocol`."""

SUBPROTOCOL_PREFIX = "ticket."

CLOCK_SKEW_SECONDS = 10
"""How far a ticket may be dated ahead: what the clocks of two servers of a site may differ."""

MAX_CHARACTERS = 4096
"""Of a ticket; what is longer is refused unread. A primary key of text may have some hundred."""


def make_ticket(user: Any) -> str:
    """A ticket for `user`: `?ticket=<ticket>` in the URL, `ticket.<ticket>` as a subprotocol, or
    `Bearer <ticket>` in the header `Authorization`.

    Raises `InvalidRecipient` for whoever could not connect with it: no user, not saved, inactive.
    """
    model = get_user_model()
    if not isinstance(user, Model) or lineage(user.__class__, model) is None:
        kind = user.__class__.__name__
        raise InvalidRecipient(f"a ticket is made for a {model.__name__}, not for a {kind}")
    key = last_key(user)
    if key is None:
        raise InvalidRecipient("a ticket is made for a saved user; this one has no primary key")
    if not getattr(user, "is_active", True):
        raise InvalidRecipient(f"user {key} is not active and could not connect by ticket")
    return _signer().sign_object([str(key), int(time.time())])


def read_ticket(ticket: str) -> Any:
    """The user's primary key; raises `InvalidTicket`."""
    try:
        if len(ticket) > MAX_CHARACTERS or not ticket.isascii():
            raise signing.BadSignature("no ticket looks like this")
        pk, made_at = _signer().unsign_object(ticket)
        if not isinstance(pk, str):
            raise TypeError("make_ticket writes a text")
        if not -CLOCK_SKEW_SECONDS <= time.time() - made_at <= get_settings().TICKET_SECONDS:
            raise signing.SignatureExpired(f"made at {made_at}")
        return key_field().to_python(pk)
    except (signing.BadSignature, *BAD_INPUT) as error:
        raise InvalidTicket("the ticket is not valid or too old; ask for a new one") from error


def _signer() -> signing.Signer:
    # Not Django's own time stamp, which may lie in the future as far as it likes, nor its ":",
    # which no subprotocol may have.
    return signing.Signer(salt=SALT, sep=".")

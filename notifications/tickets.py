"""Tickets: how apps and load clients without a session cookie connect.

Signed by Django, valid for a minute; replay inside that minute is accepted.
"""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core import signing
from django.core.exceptions import ValidationError

from .conf import get_settings
from .exceptions import InvalidTicket

SALT = "notifications.ticket"

SUBPROTOCOL = "notifications.v1"
"""What the server selects when a ticket comes in `Sec-WebSocket-Protocol`."""

SUBPROTOCOL_PREFIX = "ticket."


def make_ticket(user: AbstractBaseUser) -> str:
    """A ticket for `user`, for the URL (`?ticket=`) or as the subprotocol `ticket.<ticket>`."""
    return signing.dumps(str(user.pk), salt=SALT)


def read_ticket(ticket: str) -> Any:
    """The user's primary key; raises `InvalidTicket`."""
    try:
        pk = signing.loads(ticket, salt=SALT, max_age=get_settings().TICKET_SECONDS)
        return get_user_model()._meta.pk.to_python(pk)
    except (signing.BadSignature, ValidationError, UnicodeEncodeError) as error:
        raise InvalidTicket("the ticket is not valid or too old; ask for a new one") from error

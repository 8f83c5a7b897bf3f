"""What is stored about a user goes."""

from collections.abc import Iterable
from typing import Any

from ..access.users import primary_key
from ..sending import fanout
from ..store import erasing
from ..store.database import database
from ..store.erasing import Erased
from .named import user_models


def erase_user(user: Any) -> Erased:
    """Delete what was sent to this user, given as such or by primary key, and her name elsewhere.

    Notifications that nobody else has go with their texts. Where she is the actor or the target of
    one for others, it names "somebody" instead. Her open tabs load their lists again. What others'
    titles, bodies and data say of her is the site's own text, and stays.

    All or nothing. Raises `InvalidRecipient` for what is no user.
    """
    pk = primary_key(user)
    erased = erasing.erase(pk, user_models())
    fanout.state_changed_on_commit(pk, "deleted", [], database())
    return erased


def count_of(users: Iterable[Any]) -> Erased:
    """What would go with these users, if all of them were erased now."""
    return erasing.count([primary_key(user) for user in users], user_models())


def forget_gone_users() -> int:
    """Let notifications name "somebody" instead of users who were deleted; how many did."""
    return erasing.forget_gone(user_models())

"""What is stored about a user goes."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from ..access.users import primary_key
from ..sending import fanout
from ..store import erasing
from ..store.database import database
from ..store.erasing import Erased
from ..store.ids import MAX_EDITS
from .named import names_of, user_models


def erase_user(user: Any) -> Erased:
    """Delete what was sent to this user, given as such or by primary key, and her name elsewhere.

    Notifications that nobody else has go with their texts. Where she is the actor or the target of
    one for others, it names "somebody" instead, also on their screens. Her open tabs load their
    lists again. What others' titles, bodies and data say of her is the site's own text, and stays.

    All or nothing. Raises `InvalidRecipient` for what is no user.
    """
    pk = primary_key(user)
    erased, changed = erasing.erase(pk, names_of([pk]))
    fanout.state_changed_on_commit(pk, "deleted", [], database())
    _tell(changed)
    return erased


def count_of(users: Iterable[Any]) -> Erased:
    """What would go with these users, if all of them were erased now."""
    pks = [primary_key(user) for user in users]
    return erasing.count(pks, names_of(pks))


def forget_gone_users() -> int:
    """Let notifications name "somebody" instead of users who were deleted; how many did."""
    changed = erasing.forget_gone(user_models())
    _tell(changed)
    return len(changed)


def _tell(changed: Iterable[int]) -> None:
    """Hubs, which keep what they send. Of more than they would look at, their sweeps find out."""
    using = database()
    with transaction.atomic(using):  # and so by one message for all
        for number in list(dict.fromkeys(changed))[:MAX_EDITS]:
            fanout.edited_on_commit(number, using)

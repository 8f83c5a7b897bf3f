"""What is stored about a user, for the user."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from ..access.users import primary_key
from ..db.clock import in_utc
from ..store import erasing
from .named import names_of


class RowEncoder(DjangoJSONEncoder):
    """With all times in UTC, whatever zone the site or its database keeps them in."""

    def default(self, value: Any) -> Any:
        return super().default(in_utc(value) if isinstance(value, datetime) else value)


def export_user(user: Any) -> Iterator[str]:
    """What is stored about this user as lines of JSON, oldest first.

    `"kind": "delivery"` is a notification that she has, with its content and when it was delivered,
    seen, read and archived; `"mention"` is one of others that names her as `actor` or `target`. All
    times are in UTC. Raises `InvalidRecipient` for what is no user.
    """
    pk = primary_key(user)
    rows = erasing.rows_of(pk, names_of([pk]))
    return (json.dumps(row, cls=RowEncoder, ensure_ascii=False) for row in rows)

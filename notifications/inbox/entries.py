"""What the template of the list shows of each notification."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext

from ..store.own.listing import Listed
from .filters import LEVELS


def entries(listed: list[Listed], asked: QueryDict) -> list[dict[str, Any]]:
    """One for each; `asked` is the address they are shown at."""
    others = asked.copy()
    for name in ("category", "cursor", "changed"):
        others.pop(name, None)
    query = others.urlencode()
    begun = f"?{query}&" if query else "?"
    return [_entry(one, begun) for one in listed]


def _entry(listed: Listed, begun: str) -> dict[str, Any]:
    content = listed.content
    return content | {
        "id": str(content["id"]),
        "level_name": LEVELS.get(content["level"], ""),
        "created_iso": _iso(content["created_at"]),
        "category_query": begun + urlencode({"category": content["category"]}),
        "is_unread": listed.times["read_at"] is None,
    }


def _iso(moment: Any) -> str:
    return moment.isoformat() if isinstance(moment, datetime) else ""


def words() -> dict[str, str]:
    """What stands at each of them, looked up once for all."""
    return {
        "new": gettext("Unread:"),
        "read": gettext("Mark read"),
        "unread": gettext("Mark unread"),
        "archive": gettext("Archive"),
        "unarchive": gettext("Move to the list"),
    }

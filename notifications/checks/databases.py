"""Where the rows are, and the connections to them."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning
from django.db import connections

from ..access.users import stored_elsewhere
from ..store.database import database

VENDORS = ("sqlite", "postgresql")


@register("notifications")
def check_database(**_: Any) -> list[CheckMessage]:
    """E003: the set-based statements are written for two databases."""
    vendor = connections[database()].vendor
    if vendor in VENDORS:
        return []
    return [
        Error(
            f"notifications does not run on {vendor}.",
            hint="Use PostgreSQL or SQLite, or route the app to one with a database router.",
            id="notifications.E003",
        )
    ]


@register("notifications")
def check_one_database(**_: Any) -> list[CheckMessage]:
    """E005: deliveries are written out of the table of users, by one statement."""
    ours = database()
    if connections[ours].vendor not in VENDORS:
        return []
    models = (get_user_model(), ContentType)
    return [
        Error(
            f"{model._meta.label} is in the database {alias!r}, and notifications in {ours!r}.",
            hint="Route the app, by its label durable_notifications, to the database of the users "
            "and of the content types: deliveries are written out of the table of users, and a "
            "notification refers to the type of its actor.",
            id="notifications.E005",
        )
        for model in models
        if (alias := stored_elsewhere(model, ours))
    ]


@register("notifications")
def check_autocommit(**_: Any) -> list[CheckMessage]:
    """E006: what servers and commands write would never be committed."""
    alias = database()
    if connections[alias].settings_dict.get("AUTOCOMMIT", True):
        return []
    return [
        Error(
            f"DATABASES[{alias!r}]['AUTOCOMMIT'] is off.",
            hint="Leave it on, or what servers and commands write is never committed. To commit "
            "by hand, call transaction.set_autocommit(False) around your own code.",
            id="notifications.E006",
        )
    ]


@register("notifications")
def check_persistent_connections(**_: Any) -> list[CheckMessage]:
    """W002: each thread keeps a connection, and under ASGI there are ever new threads."""
    if not getattr(settings, "ASGI_APPLICATION", None):
        return []
    kept = {
        alias: connections[alias].settings_dict["CONN_MAX_AGE"]
        for alias in connections
        if connections[alias].vendor == "postgresql"
    }
    return [
        CheckWarning(
            f"DATABASES[{alias!r}] has CONN_MAX_AGE = {age!r}: under ASGI each request may come "
            "from another thread, and PostgreSQL fills up with connections that nobody uses again.",
            hint="Leave CONN_MAX_AGE at 0 and let threads share connections, with "
            "OPTIONS = {'pool': {'min_size': 0, 'max_size': 10}}; see docs/how-to/scale.md.",
            id="notifications.W002",
        )
        for alias, age in kept.items()
        if age != 0
    ]

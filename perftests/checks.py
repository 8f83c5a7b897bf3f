"""System checks: what `perf` does not need, and so does not look at before it runs."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, register
from django.db import router

from notifications.access.users import stored_elsewhere

from .conf import configuration
from .exceptions import InvalidSetting
from .models import PerfSubscription


@register("perftests")
def check_metrics_token(**_: Any) -> list[CheckMessage]:
    """E001: a token that no scraper could send, or that is too easily guessed."""
    refused = _refused(lambda: configuration.METRICS_TOKEN)
    return [Error(refused, id="perftests.E001")] if refused else []


@register("perftests")
def check_repository_url(**_: Any) -> list[CheckMessage]:
    """E002: no page of the web, which would make the list of runs fail."""
    refused = _refused(lambda: configuration.REPOSITORY_URL)
    return [Error(refused, id="perftests.E002")] if refused else []


@register("perftests")
def check_start_from_admin(**_: Any) -> list[CheckMessage]:
    """E003: neither on nor off, which would make the list of runs fail."""
    refused = _refused(lambda: configuration.START_FROM_ADMIN)
    return [Error(refused, id="perftests.E003")] if refused else []


@register("perftests")
def check_one_database(**_: Any) -> list[CheckMessage]:
    """E004: who subscribes to alerts is a user, and no row refers to one of another database."""
    ours = router.db_for_write(PerfSubscription)
    users = stored_elsewhere(get_user_model(), ours)
    if users is None:
        return []
    return [
        Error(
            f"The users are in the database {users!r}, and perftests in {ours!r}.",
            hint="Route the app perftests to the database of the users: who subscribes to alerts "
            "is one of them.",
            id="perftests.E004",
        )
    ]


def _refused(read: Callable[[], object]) -> str:
    """Why a setting is refused; empty where it is good."""
    try:
        read()
    except InvalidSetting as error:
        return str(error)
    return ""

"""The staff who want to be told."""

from typing import Any

from .. import measured
from ..models import PerfSubscription


def may_view_runs(user: Any) -> bool:
    """As in the list of runs: who may change some, which is to pin them, sees them."""
    return any(user.has_perm(f"perftests.{what}_perfrun") for what in ("view", "change"))


def can_be_told() -> bool:
    """Whether there is an app here that tells users anything."""
    return measured.is_installed()


def subscribe(user: Any) -> None:
    """Let this user be told from now on."""
    PerfSubscription.objects.get_or_create(user=user)


def unsubscribe(user: Any) -> None:
    """Let this user not be told any more."""
    PerfSubscription.objects.filter(user=user).delete()


def is_subscribed(user: Any) -> bool:
    """Whether this user wants to be told."""
    return PerfSubscription.objects.filter(user=user).exists()


def subscribers() -> list[Any]:
    """Those who subscribe and may still see the runs, in the order in which they subscribed."""
    subscriptions = PerfSubscription.objects.select_related("user").order_by("pk")
    return [each.user for each in subscriptions if _may_see(each.user)]


def _may_see(user: Any) -> bool:
    staff = getattr(user, "is_staff", False) and user.is_active
    return bool(staff and may_view_runs(user))

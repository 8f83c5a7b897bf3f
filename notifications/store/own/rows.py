"""The deliveries of one user."""

from collections.abc import Iterable
from typing import Any

from notifications.models import Delivery, DeliveryQuerySet
from notifications.states import CHANGES, IMPLIED, Change

from ..database import database
from ..ids import with_ids


def own(pk: Any) -> DeliveryQuerySet:
    """All deliveries of one user."""
    return Delivery.objects.using(database()).filter(recipient_id=pk)


def have_any(pk: Any, ids: Iterable[int]) -> bool:
    """Whether the user has a delivery of one of these notifications."""
    return own(pk).filter(with_ids("notification_id", ids)).exists()


def states_of(pk: Any, ids: Iterable[int]) -> dict[int, frozenset[Change]]:
    """The marks of those of these that the user has, and that have not expired."""
    rows = own(pk).current().filter(with_ids("notification_id", ids)).order_by()
    columns = [IMPLIED[change][-1] for change in CHANGES]
    return {
        row[0]: frozenset(c for c, value in zip(CHANGES, row[1:], strict=True) if value is not None)
        for row in rows.values_list("notification_id", *columns)
    }

"""The site's model of users."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, register

from ..access.users import activity


@register("notifications")
def check_user_model(**_: Any) -> list[CheckMessage]:
    """E007: whether somebody is active is asked of many users at once, so of a column."""
    model = get_user_model()
    kind = activity(model)
    if kind is None:
        return []
    return [
        Error(
            f"{model._meta.label}.is_active is {kind}.",
            hint="Make it a BooleanField, or a GeneratedField that is one; or leave it out, and "
            "everybody counts as active. Inactive users get no notifications, which a database "
            "has to decide for many at once.",
            id="notifications.E007",
        )
    ]

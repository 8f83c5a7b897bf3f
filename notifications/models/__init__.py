"""A notification is written once; each recipient has a small delivery with its state."""

from django.core.exceptions import ImproperlyConfigured

from .delivery import Delivery, DeliveryQuerySet, expired_sql
from .epoch import Epoch
from .notification import (
    WIRE,
    Level,
    Notification,
    frame_of,
)

__all__ = [
    "WIRE",
    "Delivery",
    "DeliveryQuerySet",
    "Epoch",
    "Level",
    "Notification",
    "expired_sql",
    "frame_of",
]

# Another distribution in the same folder has an `apps.py`, too, and the last to be installed wins.
if (_label := Notification._meta.app_label) != "durable_notifications":
    raise ImproperlyConfigured(
        "Another distribution has written over files of this app in the folder 'notifications': "
        "uninstall it (pip uninstall django-notifications-community, for example), then install "
        f"this app again. Or an AppConfig of the site gives the app the label {_label!r}: it has "
        "to stay 'durable_notifications'."
    )

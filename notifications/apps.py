from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    # As a label, and in many databases, "notifications" belongs to django-notifications-hq.
    label = "durable_notifications"
    verbose_name = _("Notifications")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks  # noqa: F401 - registered by being imported
        from .sending import signing_out  # noqa: F401 - it listens from now on

from django.apps import AppConfig


class PerftestsConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "perftests"
    verbose_name = "Performance runs"

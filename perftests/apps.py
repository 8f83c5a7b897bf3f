"""The app, which says what is missing where it was installed without the extra that it needs."""

from importlib.util import find_spec
from types import ModuleType

from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

MODULES = (
    *(
        "aiohttp",
        "channels_redis",
        "daphne",
        "django_rich",
        "hdrh",
        "hiredis",
        "junitparser",
        "numpy",
    ),
    *("picows", "prometheus_client", "psutil", "psycopg", "pyinstrument", "redis"),
    *("rich", "scipy", "uvicorn", "uvloop", "websockets"),
)
"""What the extra `perf` brings."""


class PerftestsConfig(AppConfig):
    """Raises `ImproperlyConfigured` before anything of the app is imported that could not be."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "perftests"
    verbose_name = _("Performance runs")

    def __init__(self, app_name: str, app_module: ModuleType | None) -> None:
        if missing := [name for name in MODULES if find_spec(name) is None]:
            raise ImproperlyConfigured(
                f"perftests needs {', '.join(missing)}, not installed here: "
                "pip install 'django-durable-notifications[perf]'"
            )
        super().__init__(app_name, app_module)

    def ready(self) -> None:
        from . import checks  # noqa: F401 - registered by being imported

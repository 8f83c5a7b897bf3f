"""What takes commands from whoever reaches its port is served by `ServerProcess` alone."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

SETTINGS = "perftests.load.inside.settings"


def refuse_sites(module: str) -> None:
    """Raise `ImproperlyConfigured` where a site's own settings are in force."""
    if settings.SETTINGS_MODULE != SETTINGS:
        raise ImproperlyConfigured(
            f"{module} takes commands from whoever reaches its port: only ServerProcess starts it, "
            "on a test's database. Serve your project's own ASGI application."
        )

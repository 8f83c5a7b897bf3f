"""The app that our own suites measure, which a project with the lab alone does not have."""

from django.apps import apps

from .exceptions import NotificationsMissing

APP = "notifications"


def is_installed() -> bool:
    """Whether the project has it in `INSTALLED_APPS`."""
    return apps.is_installed(APP)


def require_notifications(what: str) -> None:
    """Raise `NotificationsMissing` where there is nothing to measure for `what`."""
    if not is_installed():
        raise NotificationsMissing(
            f"{what} measures the app {APP}, which is not in INSTALLED_APPS here; "
            "tests of your own have labels such as myapp.tests.perf."
        )

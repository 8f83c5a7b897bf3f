"""Settings of a site whose admin has a theme, django-unfold."""

from notifyproject.settings import *  # noqa: F403
from notifyproject.settings import INSTALLED_APPS as PLAIN

INSTALLED_APPS = ["unfold", *PLAIN]

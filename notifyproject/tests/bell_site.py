"""Settings of a server with a page that shows the bell, under a strict Content Security Policy."""

from notifyproject.tests.strict import *  # noqa: F403
from notifyproject.tests.strict import MIDDLEWARE, TEMPLATES

ROOT_URLCONF = "notifyproject.tests.bell_urls"
MIDDLEWARE = [*MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
# Without those of the project, whose pages lead to others of its own.
TEMPLATES = [TEMPLATES[0] | {"DIRS": []}]

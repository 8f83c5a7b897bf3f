"""Settings of a server with a page that shows the bell, under a strict Content Security Policy."""

from notifyproject.tests.strict import *  # noqa: F403
from notifyproject.tests.strict import MIDDLEWARE

ROOT_URLCONF = "notifyproject.tests.bell_urls"
MIDDLEWARE = [*MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]

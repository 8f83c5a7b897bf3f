"""Settings of a server with a page that shows the bell, under a strict Content Security Policy."""

from notifyproject.tests.strict import *  # noqa: F403

ROOT_URLCONF = "notifyproject.tests.bell_urls"

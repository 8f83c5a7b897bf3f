"""This project without the middleware that keeps a thread for each request."""

from notifyproject.settings import *  # noqa: F403
from notifyproject.settings import MIDDLEWARE

MIDDLEWARE = [path for path in MIDDLEWARE if "whitenoise" not in path]

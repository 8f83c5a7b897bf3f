"""Every session engine that Django ships."""

import contextlib
import tempfile
from importlib import import_module
from unittest import mock

from django.conf import settings
from django.contrib.sessions.backends import file
from django.core.cache import caches
from django.test import Client, override_settings

ENGINES = ("db", "cached_db", "cache", "file", "signed_cookies")
STORED = ("db", "cached_db", "cache", "file")


@contextlib.contextmanager
def session_engine(name):
    """Sessions kept by the engine of this name, and by nobody afterwards."""
    with (
        tempfile.TemporaryDirectory() as folder,
        # The engine reads its setting once in a process.
        mock.patch.object(file.SessionStore, "_storage_path", folder, create=True),
        override_settings(SESSION_ENGINE=f"django.contrib.sessions.backends.{name}"),
    ):
        try:
            yield
        finally:
            caches["default"].clear()


def store(key=None):
    """The session of this key."""
    return import_module(settings.SESSION_ENGINE).SessionStore(key)


def stored(**data):
    """The key of a new session that holds `data`."""
    session = store()
    session.update(data)
    session.save()
    return session.session_key


def sign_in(user, backend=None):
    """A browser of `user`."""
    browser = Client()
    browser.force_login(user, backend)
    return browser


def cookie(browser):
    """The session's key in this browser."""
    return browser.cookies[settings.SESSION_COOKIE_NAME].value

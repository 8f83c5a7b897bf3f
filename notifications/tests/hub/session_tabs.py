"""Tabs that a session has let in, and what becomes of that session."""

import contextlib

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user, logout, update_session_auth_hash
from django.test import RequestFactory, override_settings

from notifications.hub import get_hub

from ..engines import cookie, sign_in, store
from ..hubs import HubTestCase, quick

OWN_PAGE = (b"origin", b"http://testserver")


at_once = quick(SWEEP_SECONDS=60)
"""Nothing is left to a sweep."""


def request_with(key):
    """What a view gets from the browser whose session has this key."""
    request = RequestFactory().get("/")
    request.session = store(key)
    request.user = get_user(request)
    return request


@sync_to_async
def change_password(key):
    """As `PasswordChangeView` and the session's middleware do; returns the session's new key."""
    request = request_with(key)
    request.user.set_password("new")
    request.user.save()
    update_session_auth_hash(request, request.user)
    request.session.save()
    return request.session.session_key


@sync_to_async
def visit(key):
    """Any request after the site's key was changed; returns the session's new key."""
    request = request_with(key)
    request.session.save()
    return request.session.session_key


@sync_to_async
def sign_out(key):
    logout(request_with(key))


def cookies(key):
    return [(b"cookie", f"{settings.SESSION_COOKIE_NAME}={key}".encode()), OWN_PAGE]


# The real one is slow on purpose.
@override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
class RevocationTestCase(HubTestCase):
    @contextlib.asynccontextmanager
    async def tab(self, user, **options):
        """A tab that was let in by a session of `user`, and the session's key."""
        key = await sync_to_async(lambda: cookie(sign_in(user)))()
        async with self.connected(headers=cookies(key), **options) as client:
            self.assertEqual(client.frames[0]["type"], "hello")
            yield client, key

    async def answer(self, key):
        """What a tab with the session of this key gets now."""
        async with self.connected(headers=cookies(key)) as client:
            return client.close_code or client.frames[0]["type"]

    async def assert_stays(self, client):
        await get_hub()._revocation.check_all()
        await client.settle()
        self.assertIsNone(client.close_code)

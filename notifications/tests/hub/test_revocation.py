"""A socket lives at most one sweep longer than what let it in."""

import contextlib
from unittest import mock

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user, logout, update_session_auth_hash
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.core.management import call_command
from django.db import connection
from django.test import RequestFactory, override_settings, tag
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifications.access.authentication import endings
from notifications.hub import get_hub
from notifications.hub.revocation import MAX_CHECKED

from ..clocks import later
from ..engines import cookie, session_engine, sign_in, store
from ..hubs import HubTestCase, User, quick

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


class SessionEngineTests:
    """What holds for every session engine."""

    engine = ""
    over = 4403
    """The code where the session has ended, and with it what the cookie says."""

    def setUp(self):
        super().setUp()
        self.enterContext(session_engine(self.engine))

    async def test_a_session_that_was_only_changed_keeps_its_sockets(self):
        async with self.tab(self.ada) as (tab, key):
            await sync_to_async(self.fill)(store(key))
            await self.assert_stays(tab)

    def fill(self, session):
        session["basket"] = [1, 2, 3]
        session.save()

    async def test_the_age_of_a_session_bounds_the_life_of_its_sockets(self):
        async with self.tab(self.ada) as (tab, _):
            with later(settings.SESSION_COOKIE_AGE - 60):
                await self.assert_stays(tab)
            with later(settings.SESSION_COOKIE_AGE + 60):
                await tab.until_closed(self.over)

    async def test_a_password_that_was_changed_elsewhere_closes_the_sockets(self):
        async with self.tab(self.ada) as (tab, key), self.tab(self.bob) as (other, _):
            self.ada.set_password("new")
            await self.ada.asave()
            await tab.until_closed(self.over)
            self.assertEqual(await self.answer(key), 4401)
            await self.assert_stays(other)

    async def test_the_browser_that_changed_the_password_comes_again_with_its_new_cookie(self):
        async with self.tab(self.ada) as (tab, key):
            new = await change_password(key)
            await tab.until_closed(4419)
            self.assertEqual(await self.answer(new), "hello")

    async def test_a_browser_checked_in_the_middle_of_a_password_change_comes_again(self):
        found = []

        def look(admissions):
            found.append(endings(admissions))
            return found[-1]

        async with self.tab(self.ada) as (tab, key):
            with (
                mock.patch("notifications.hub.revocation.endings", look),
                mock.patch("notifications.hub.revocation.RECHECK_SECONDS", 2),
            ):
                request = await sync_to_async(request_with)(key)
                request.user.set_password("new")
                await request.user.asave()
                await tab.until(lambda: any(found), "a look that finds the change")
                new = await sync_to_async(self.go_on)(request)
                await tab.until_closed(4419)
            self.assertEqual(await self.answer(new), "hello")

    def go_on(self, request):
        update_session_auth_hash(request, request.user)
        request.session.save()
        return request.session.session_key

    async def test_a_site_key_that_was_changed_with_a_fallback_keeps_the_sockets(self):
        async with self.tab(self.ada) as (tab, _):
            old = settings.SECRET_KEY
            with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[old]):
                await self.assert_stays(tab)

    @at_once
    async def test_signing_out_closes_the_sockets_of_that_session_at_once(self):
        async with self.tab(self.ada) as (tab, key), self.connected(self.ada) as app:
            await sign_out(key)
            await tab.until_closed(4403)
            await self.assert_stays(app)

    async def test_the_sockets_of_a_deactivated_user_are_closed(self):
        async with self.tab(self.ada) as (tab, _), self.tab(self.bob) as (other, _):
            await User.objects.filter(pk=self.ada.pk).aupdate(is_active=False)
            await tab.until_closed(4403)
            await self.assert_stays(other)


class StoredSessionTests(SessionEngineTests):
    """What holds where the server keeps the sessions."""

    async def test_a_flushed_session_closes_its_sockets(self):
        async with self.tab(self.ada) as (tab, key), self.tab(self.ada) as (other, _):
            await sync_to_async(store(key).flush)()
            await tab.until_closed(4403)
            self.assertEqual(await self.answer(key), 4401)
            await self.assert_stays(other)

    async def test_a_shorter_expiry_of_a_session_bounds_the_life_of_its_sockets(self):
        async with self.tab(self.ada) as (tab, key):
            await sync_to_async(self.shorten)(store(key))
            with later(50):
                await self.assert_stays(tab)
            with later(70):
                await tab.until_closed(4403)

    def shorten(self, session):
        session.set_expiry(60)
        session.save()

    async def test_a_session_that_names_another_user_now_closes_its_sockets(self):
        async with self.tab(self.ada) as (tab, key), self.tab(self.bob) as (_, other):
            await sync_to_async(self.copy)(store(other), store(key))
            await tab.until_closed(4403)

    def copy(self, session, target):
        target.update(dict(session.items()))
        target.save()

    async def test_a_tab_comes_again_with_its_new_cookie_after_the_site_key_was_changed(self):
        async with self.tab(self.ada) as (tab, key):
            old = settings.SECRET_KEY
            with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[old]):
                new = await visit(key)
                self.assertNotEqual(new, key)
                await tab.until_closed(4419)
                self.assertEqual(await self.answer(new), "hello")

    @at_once
    async def test_signing_out_after_a_change_of_password_closes_the_sockets_at_once(self):
        async with self.tab(self.ada) as (tab, key), self.tab(self.bob) as (other, _):
            await sign_out(await change_password(key))
            await tab.until_closed(4403)
            await self.assert_stays(other)

    @at_once
    async def test_signing_out_leaves_other_devices_alone(self):
        async with self.tab(self.ada) as (tab, key), self.tab(self.ada) as (phone, _):
            await sign_out(key)
            await tab.until_closed(4403)
            await self.assert_stays(phone)


@quick(SWEEP_SECONDS=0.1)
@tag("slow")
class DatabaseSessionTests(StoredSessionTests, RevocationTestCase):
    engine = "db"

    async def test_a_deleted_session_row_closes_the_sockets(self):
        async with self.tab(self.ada) as (tab, key):
            await Session.objects.filter(session_key=key).adelete()
            await tab.until_closed(4403)

    async def test_an_expired_session_closes_its_sockets_cleared_or_not(self):
        for clear in (False, True):
            async with self.tab(self.ada) as (tab, key):
                row = Session.objects.filter(session_key=key)
                await row.aupdate(expire_date=timezone.now())
                if clear:
                    await sync_to_async(call_command)("clearsessions")
                await tab.until_closed(4403)

    async def test_a_site_key_that_was_changed_without_a_fallback_closes_the_sockets(self):
        async with self.tab(self.ada) as (tab, _):
            with override_settings(SECRET_KEY="new"), self.assertLogs("django.security"):
                await tab.until_closed(4403)

    async def test_a_user_whose_session_hash_cannot_be_made_keeps_nobody_else_in(self):
        stock = User.get_session_auth_hash

        def failing_for_ada(user):
            if user.pk == self.ada.pk:
                raise ConnectionError("the directory does not answer")
            return stock(user)

        async with self.tab(self.ada) as (tab, _), self.tab(self.bob) as (other, _):
            with mock.patch.object(User, "get_session_auth_hash", failing_for_ada):
                await Session.objects.all().adelete()
                await other.until_closed(4403)
                await tab.until_closed(4419)

    @at_once
    async def test_many_sockets_are_checked_with_three_queries(self):
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(10):
                await stack.enter_async_context(self.tab(self.ada))
                await stack.enter_async_context(self.tab(self.bob))
            admissions = {socket.admission for socket in get_hub().sockets}
            self.assertEqual(len(admissions), 20)
            self.assertLessEqual(len(admissions), MAX_CHECKED)
            self.assertEqual(await sync_to_async(self.queries)(admissions), 3)

    def queries(self, admissions):
        with CaptureQueriesContext(connection) as captured:
            self.assertEqual(endings(admissions), {})
        return len(captured)


@tag("slow")
@quick(SWEEP_SECONDS=0.1)
class CachedDatabaseSessionTests(StoredSessionTests, RevocationTestCase):
    engine = "cached_db"

    async def test_a_deleted_session_row_closes_the_sockets_when_it_has_left_the_cache(self):
        async with self.tab(self.ada) as (tab, key):
            await Session.objects.filter(session_key=key).adelete()
            await self.assert_stays(tab)
            caches["default"].clear()
            await tab.until_closed(4403)


@tag("slow")
@quick(SWEEP_SECONDS=0.1)
class CacheSessionTests(StoredSessionTests, RevocationTestCase):
    engine = "cache"

    @at_once
    async def test_sockets_stay_while_the_cache_is_down_and_are_checked_when_it_is_back(self):
        async with self.tab(self.ada) as (tab, key):
            down = mock.patch.object(LocMemCache, "get", side_effect=ConnectionError("down"))
            async with self.connected(self.bob) as app:
                await User.objects.filter(pk=self.bob.pk).aupdate(is_active=False)
                with (
                    down,
                    self.assertLogs("notifications.access.authentication", "WARNING") as logs,
                ):
                    await self.assert_stays(tab)
                self.assertIn("1 sessions cannot be looked at now", logs.output[0])
                await app.until_closed(4403)
            await sync_to_async(store(key).flush)()
            await get_hub()._revocation.check_all()
            await tab.until_closed(4403)


@tag("slow")
@quick(SWEEP_SECONDS=0.1)
class FileSessionTests(StoredSessionTests, RevocationTestCase):
    engine = "file"


@tag("slow")
@quick(SWEEP_SECONDS=0.1)
class CookieSessionTests(SessionEngineTests, RevocationTestCase):
    engine = "signed_cookies"
    over = 4419
    """The browser may have a younger cookie."""

    @at_once
    async def test_signing_out_asks_all_of_the_users_tabs_for_their_cookie_of_now(self):
        async with (
            self.tab(self.ada) as (tab, key),
            self.tab(self.bob) as (other, _),
            self.connected(headers=cookies(await sync_to_async(self.renew)(key))) as younger,
        ):
            await sign_out(key)
            await tab.until_closed(4403)
            await younger.until_closed(4419)
            await self.assert_stays(other)

    def renew(self, key):
        """A session that is saved is another cookie."""
        session = store(key)
        session["basket"] = [1, 2, 3]
        session.save()
        return session.session_key


@quick(SWEEP_SECONDS=0.1)
class OtherWaysInTests(RevocationTestCase):
    @tag("slow")
    async def test_the_sockets_of_a_deactivated_or_deleted_user_are_closed(self):
        for end in (
            lambda users: users.update(is_active=False),
            lambda users: users._raw_delete(users.db),
        ):
            user = await User.objects.acreate_user("carol")
            page = {"headers": [OWN_PAGE], "scope": {"user": user}}
            async with (
                self.connected(user) as app,
                self.connected(**page) as tab,
                self.connected(self.bob) as other,
            ):
                await sync_to_async(end)(User.objects.filter(pk=user.pk))
                await app.until_closed(4403)
                await tab.until_closed(4403)
                await self.assert_stays(other)
            await User.objects.filter(pk=user.pk).adelete()

    async def test_the_age_of_a_ticket_ends_no_socket(self):
        async with self.connected(self.ada) as client:
            with later(86_400):
                await self.assert_stays(client)

    @tag("slow")
    async def test_the_user_of_a_middleware_stays_as_long_as_the_session_of_that_user(self):
        async with self.tab(self.ada, scope={"user": self.ada}) as (tab, key):
            await self.assert_stays(tab)
            await Session.objects.filter(session_key=key).adelete()
            await tab.until_closed(4403)

    async def test_a_session_of_somebody_else_ends_no_socket_of_the_user_of_a_middleware(self):
        async with self.tab(self.bob, scope={"user": self.ada}) as (tab, _):
            await Session.objects.all().adelete()
            await self.assert_stays(tab)

    @tag("slow")
    async def test_a_middleware_that_found_nobody_leaves_the_socket_to_its_session(self):
        async with self.tab(self.ada, scope={"user": AnonymousUser()}) as (tab, _):
            await Session.objects.all().adelete()
            await tab.until_closed(4403)

    @tag("slow")
    async def test_a_sweep_that_cannot_read_the_queues_keeps_no_deactivated_user_in(self):
        broken = mock.patch("notifications.store.queue.overdue", side_effect=RuntimeError("broken"))
        async with self.connected(self.ada) as client:
            with broken, self.assertLogs("notifications.hub.sweep", "ERROR") as logs:
                await client.until(lambda: logs.records, "a sweep that fails")
                await User.objects.filter(pk=self.ada.pk).aupdate(is_active=False)
                await client.until_closed(4403)

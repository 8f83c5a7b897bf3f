"""A socket lives at most one sweep longer than the session that let it in."""

import contextlib
from unittest import mock

from asgiref.sync import sync_to_async
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.core.management import call_command
from django.db import connection
from django.test import override_settings, tag
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifications.access.authentication import endings
from notifications.hub import get_hub
from notifications.hub.revocation import MAX_CHECKED

from ..engines import store
from ..hubs import User, quick
from .session_rules import SessionEngineTests, StoredSessionTests
from .session_tabs import RevocationTestCase, at_once, cookies, sign_out


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

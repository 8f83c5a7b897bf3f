"""How long a session keeps its sockets: what holds for every engine, as tests to inherit."""

from unittest import mock

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.test import override_settings

from notifications.access.authentication import endings

from ..clocks import later
from ..engines import session_engine, store
from ..hubs import User
from .session_tabs import at_once, change_password, request_with, sign_out, visit


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

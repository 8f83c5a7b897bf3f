"""A socket lives at most one sweep longer than what let it in."""

from unittest import mock

from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.test import tag

from ..clocks import later
from ..hubs import User, quick
from .session_tabs import OWN_PAGE, RevocationTestCase


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

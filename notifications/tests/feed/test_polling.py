import asyncio
import json
from unittest import mock

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import AsyncClient, override_settings

from notifications.feed.limits import forget_requests
from notifications.hub import admission, get_hub
from notifications.hub.sockets.waiter import Waiter
from notifications.send import anotify
from notifications.sending import fanout
from notifications.store import marking
from notifications.tests.hubs import HubTestCase, quick
from notifications.tests.users import make_user
from notifications.tests.waiting import until

JSON = "application/json"
LIMIT_SECONDS = 10

# A middleware without async support keeps the one thread that all requests of a test share.
ASYNC_MIDDLEWARE = [name for name in settings.MIDDLEWARE if "whitenoise" not in name]


def waits(socket):
    return isinstance(socket, Waiter) and bool(socket._news._waiters)


@quick()
@override_settings(MIDDLEWARE=ASYNC_MIDDLEWARE)
class LongPollTests(HubTestCase):
    def setUp(self):
        super().setUp()
        forget_requests()
        self.client_of_ada = self.of(self.ada)

    def of(self, user):
        client = AsyncClient()
        client.force_login(user)
        return client

    async def poll(self, etag="", query="?wait=20", client=None):
        headers = {"if-none-match": etag} if etag else {}
        client = client or self.client_of_ada
        async with asyncio.timeout(LIMIT_SECONDS):
            return await client.get(f"/notifications/poll/{query}", headers=headers)

    async def waiting(self):
        """Until a poll waits for news: one that has not yet read would find some by itself, and
        perhaps half of them, as it reads counts and page by two statements."""
        await until(lambda: any(map(waits, get_hub().sockets)), "a poll that waits")

    async def begun(self, **options):
        """A poll that knows what there is and waits."""
        etag = (await self.poll())["ETag"]
        polling = asyncio.ensure_future(self.poll(etag, **options))
        await self.waiting()
        return polling

    def titles(self, answer):
        self.assertEqual(answer.status_code, 200, answer.content)
        return [item["title"] for item in json.loads(answer.content)["items"]]

    async def test_a_poll_is_answered_when_something_is_sent(self):
        polling = await self.begun()
        await anotify(self.ada, "news")
        answer = await polling
        self.assertEqual(self.titles(answer), ["news"])
        self.assertEqual(json.loads(answer.content)["counts"], {"unread": 1, "unseen": 1})

    async def test_a_poll_is_answered_when_something_is_announced_to_many(self):
        polling = await self.begun()
        await anotify(get_user_model().objects.all(), "for all")
        self.assertEqual(self.titles(await polling), ["for all"])

    async def test_a_poll_is_answered_when_another_tab_has_read_something(self):
        number = (await anotify(self.ada, "old")).pk
        polling = await self.begun()
        await sync_to_async(marking.mark)("read", {self.ada.pk: [number]})
        fanout.state_changed(self.ada.pk, "read", [number])
        answer = await polling
        self.assertEqual(json.loads(answer.content)["counts"]["unread"], 0)

    async def test_a_poll_goes_on_while_others_are_sent_something(self):
        polling = await self.begun(query="?wait=1")
        await anotify(self.bob, "not for ada")
        self.assertEqual((await polling).status_code, 304)

    async def test_a_poll_without_an_etag_or_a_wait_is_answered_at_once(self):
        first = await self.poll()
        self.assertEqual(first.status_code, 200)
        self.assertEqual((await self.poll(first["ETag"], "?wait=0")).status_code, 304)

    @override_settings(NOTIFICATIONS={"POLL_SECONDS": 1.0})
    async def test_a_poll_waits_no_longer_than_the_site_allows(self):
        self.assertEqual((await self.poll((await self.poll())["ETag"])).status_code, 304)

    async def test_a_poll_ends_with_the_session_of_its_user(self):
        polling = await self.begun()
        await self.client_of_ada.alogout()
        self.assertEqual((await polling).status_code, 401)

    async def test_one_poll_too_many_ends_the_oldest(self):
        with override_settings(NOTIFICATIONS={"MAX_SOCKETS_PER_USER": 1, "SWEEP_SECONDS": 60}):
            polling = await self.begun()
            other = asyncio.ensure_future(self.poll((await self.poll())["ETag"], "?wait=1"))
            answer = await polling
            self.assertEqual(answer.status_code, 429)
            self.assertTrue(answer["Retry-After"])
            self.assertEqual((await other).status_code, 304)

    async def test_a_poll_that_its_client_gives_up_leaves_nothing_behind(self):
        polling = await self.begun()
        hub = get_hub()
        polling.cancel()
        await asyncio.wait([polling])
        self.assertTrue(hub.retired)

    async def test_a_poll_that_would_hear_of_nothing_is_asked_to_come_again(self):
        etag = (await self.poll())["ETag"]
        with (
            mock.patch.object(admission, "ADMISSION_SECONDS", 0),
            self.assertLogs("notifications.hub.admission", "WARNING"),
        ):
            answer = await self.poll(etag)
        self.assertEqual((answer.status_code, answer["Retry-After"]), (503, "5"))
        self.assertIn("Come again in 5 seconds.", json.loads(answer.content)["detail"])

    async def test_a_tab_by_socket_and_a_tab_that_polls_agree(self):
        number = (await anotify(self.ada, "read me")).pk
        async with self.connected(self.ada) as tab:
            await tab.until(lambda: tab.arrived == [number], "the notification")
            tab.ack()
            await self.until_queued(self.ada, [])
            etag = (await self.poll())["ETag"]
            polling = asyncio.ensure_future(self.poll(etag))
            await self.waiting()
            tab.send({"type": "read", "ids": [number]})
            answer = json.loads((await polling).content)
            self.assertEqual(answer["counts"]["unread"], 0)
            url = f"/notifications/{number}/unread/"
            self.assertEqual(
                (await self.client_of_ada.post(url, content_type=JSON)).status_code, 200
            )
            await tab.until(
                lambda: any("marked_unread" in state for state in tab.of("state")), "unread again"
            )
            self.assertEqual(tab.of("state")[-1]["unread"], 1)

    async def test_a_user_who_was_made_a_moment_ago_may_poll(self):
        eve = await sync_to_async(make_user)("eve")
        client = await sync_to_async(self.of)(eve)
        self.assertEqual(self.titles(await self.poll(client=client)), [])

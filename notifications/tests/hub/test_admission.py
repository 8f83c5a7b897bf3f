import asyncio
from unittest import mock

from django.test import override_settings

from notifications.hub import admission
from notifications.layers import InProcessChannelLayer, get_hints_layer
from notifications.models import Notification
from notifications.send import anotify
from notifications.wire import hints

from ..clients import MemoryClient
from ..hubs import HubTestCase, quick, write_rows
from ..waiting import until


@quick(MAX_QUEUED=3)
class QueueLimitTests(HubTestCase):
    async def test_the_hello_tells_how_many_notifications_were_dropped(self):
        stored = await write_rows([self.ada], 5)
        async with self.connected(self.ada) as client:
            await client.until_arrived(stored[2:])
            hello = client.of("hello")[0]
            self.assertEqual((hello["queued"], hello["dropped"], hello["unread"]), (3, 2, 3))
            self.assertEqual(client.arrived, stored[2:])


class SlowToJoin(InProcessChannelLayer):
    """A layer that confirms when it is told to, as one over a network may take its time."""

    joined: asyncio.Event
    confirm: asyncio.Event

    async def subscribe_hints(self, receive, recovered):
        subscription = await super().subscribe_hints(receive, recovered)
        join = subscription.join

        async def join_slowly(groups):
            await join(groups)
            self.joined.set()
            await self.confirm.wait()

        subscription.join = join_slowly
        return subscription


@quick()
@override_settings(CHANNEL_LAYERS={"default": {"BACKEND": f"{__name__}.SlowToJoin"}})
class GreetingTests(HubTestCase):
    """What comes between the joining and the hello."""

    def setUp(self):
        super().setUp()
        SlowToJoin.joined, SlowToJoin.confirm = asyncio.Event(), asyncio.Event()
        SlowToJoin.confirm.set()

    def announced(self, notification):
        return hints.encode(hints.Announced(notification.pk, notification.frame())), [hints.HUBS]

    async def connect_meanwhile(self, happening):
        """Let it happen while a client waits for its hello; all that comes up to a last one."""
        async with self.connected(self.bob) as bob:  # the hub hears of everything
            SlowToJoin.joined.clear()
            SlowToJoin.confirm.clear()
            client = MemoryClient(self.ada)
            connecting = asyncio.ensure_future(client.connect())
            await until(SlowToJoin.joined.is_set, "the join")
            await happening()
            # Hints come in order: with this one the hub has heard of what happened.
            await bob.until_arrived([(await anotify([self.bob], "marker")).pk])
            SlowToJoin.confirm.set()
            await connecting
            last = (await anotify([self.ada], "last")).pk
            await client.until_arrived([last])
            await client.disconnect()
        return client, last

    async def test_announcements_do_not_come_before_the_hello(self):
        sent = []

        async def announce():
            sent.extend(await write_rows([self.ada, self.bob], 3))
            rows = [row async for row in Notification.objects.order_by("pk")]
            get_hints_layer().publish_hints([self.announced(row) for row in rows])

        client, last = await self.connect_meanwhile(announce)
        self.assertEqual(client.frames[0]["type"], "hello")
        self.assertEqual(client.arrived, [*sent, last])

    async def test_notifications_and_marks_do_not_come_before_the_hello(self):
        stored = await write_rows([self.ada], 2)

        async def send_and_mark():
            await anotify([self.ada], "live")
            group = hints.user_group(self.ada.pk)
            for hint in (hints.Changed("read", stored), hints.Changed("read", [])):
                get_hints_layer().publish_hints([(hints.encode(hint), [group])])

        client, last = await self.connect_meanwhile(send_and_mark)
        self.assertEqual(client.frames[0]["type"], "hello")
        self.assertEqual(client.arrived[:2], stored)
        self.assertEqual(client.arrived[3:], [last])

    async def test_clients_that_wait_too_long_come_again_and_the_log_says_once_for_what(self):
        async with self.connected(self.bob):
            SlowToJoin.confirm.clear()
            with self.assertLogs("notifications.hub.admission", "WARNING") as logs:
                # For these alone: whoever is greeted may be on a machine that is slow to do it.
                with mock.patch.object(admission, "ADMISSION_SECONDS", 0.2):
                    async with self.connected(self.ada) as one, self.connected(self.ada) as another:
                        self.assertEqual((one.close_code, another.close_code), (4503, 4503))
                SlowToJoin.confirm.set()
                async with self.connected(self.ada) as client:
                    self.assertIsNone(client.close_code)
        late, well = [record.getMessage() for record in logs.records]
        self.assertIn("within 8 s failed, it is tried again: they wait for the channel", late)
        self.assertIn("works again", well)


class Unwell:
    """A user of some middleware, who cannot be asked for anything."""

    @property
    def is_authenticated(self):
        raise OSError("nobody answers")


@quick()
class UndecidedNewcomerTests(HubTestCase):
    async def test_a_failing_authentication_is_logged_once_until_it_works_again(self):
        page = {"headers": [(b"origin", b"http://testserver")], "scope": {"user": Unwell()}}
        async with self.connected(self.bob):
            for _ in range(2):
                with self.assertLogs("notifications.hub.admission", "ERROR") as logs:
                    for _ in range(3):
                        async with self.connected(**page) as client:
                            self.assertEqual(client.close_code, 4503)
                self.assertEqual(len(logs.records), 1)
                self.assertIn("nobody answers", logs.output[0])
                async with self.connected(self.ada) as client:
                    self.assertIsNone(client.close_code)

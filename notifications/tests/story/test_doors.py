"""From the client to the story: each door, and each kind of device."""

from asgiref.sync import sync_to_async
from django.test import override_settings
from django.urls import reverse
from django.utils import translation

from notifications.db.traces import Device, Door, pack
from notifications.feed.limits import forget_requests
from notifications.models import Delivery, Notification
from notifications.send import anotify, notify
from notifications.story.steps import story_of

from ..feed.case import FeedTestCase
from ..hubs import HubTestCase, quick
from ..waiting import until

PHONE = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537"
COMPUTER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SCRIPT = "curl/8.5.0"
PLACES = {PHONE: "on a phone or tablet, ", COMPUTER: "on a computer, ", SCRIPT: "in a program, "}
PLACES[""] = ""

ARRIVED, SEEN, READ = "It had arrived", "It was seen", "It was read"
PLAIN = ["It had arrived on a device.", "It was on the screen.", "It was read."]
SAID = "Code of the site says so."


def told(number, user):
    """What the story says after the sending."""
    notification = Notification.objects.get(pk=number)
    return [step.text for step in story_of(notification, user.pk)][1:]


class SocketStoryTests(HubTestCase):
    async def until_told(self, number, *texts):
        async def is_told():
            return await sync_to_async(told)(number, self.ada) == list(texts)

        await until(is_told, texts)

    async def sent_to(self, client):
        sent = await anotify([self.ada], "title")
        await client.until_arrived([sent.pk])
        return sent.pk

    def client_of(self, agent, **options):
        headers = [(b"user-agent", agent.encode())] if agent else []
        return self.connected(self.ada, headers=headers, **options)

    @quick(TRACE_DEVICES=True)
    async def test_acks_and_marks_of_a_socket_are_told_with_the_device_of_each(self):
        for agent, place in PLACES.items():
            with self.subTest(agent):
                async with self.client_of(agent) as one, self.client_of(COMPUTER) as other:
                    number = await self.sent_to(one)
                    await other.until_arrived([number])
                    one.ack([number])
                    arrived = f"{ARRIVED} {place}over the WebSocket."
                    await self.until_told(number, arrived)
                    other.send({"type": "seen", "ids": [number]})
                    seen = f"{SEEN} on a computer, over the WebSocket."
                    await self.until_told(number, arrived, seen)
                    one.send({"type": "read_all", "upto": number})
                    read = f"{READ} {place}over the WebSocket."
                    await self.until_told(number, arrived, seen, read)

    @quick(TRACE_DEVICES=True)
    async def test_a_notification_that_is_read_without_an_ack_had_arrived_on_the_same_device(self):
        for kind, texts in (("read", (ARRIVED, SEEN, READ)), ("archive", (ARRIVED,))):
            async with self.client_of(PHONE) as client:
                number = await self.sent_to(client)
                client.send({"type": kind, "ids": [number]})
                texts = [f"{text} on a phone or tablet, over the WebSocket." for text in texts]
                archived = ["It was archived."] if kind == "archive" else []
                await self.until_told(number, *texts, *archived)

    @quick(TRACE_DEVICES=True)
    async def test_a_client_that_acknowledges_by_being_sent_to_is_told_like_others(self):
        waiting = await anotify([self.ada], "title")
        async with self.client_of(PHONE, query="ack=auto") as client:
            number = await self.sent_to(client)
            for one in (waiting.pk, number):
                arrived = f"{ARRIVED} on a phone or tablet, over the WebSocket."
                await self.until_told(one, arrived)

    @quick(TRACE_DEVICES=True)
    async def test_of_two_devices_that_acknowledge_at_once_the_first_is_told(self):
        async with self.client_of(PHONE) as phone, self.client_of(COMPUTER) as computer:
            number = await self.sent_to(phone)
            await computer.until_arrived([number])
            phone.ack([number])
            await phone.settle()
            computer.ack([number])
            arrived = f"{ARRIVED} on a phone or tablet, over the WebSocket."
            await self.until_told(number, arrived)
            await computer.settle()
        self.assertEqual(await sync_to_async(told)(number, self.ada), [arrived])

    @quick()
    async def test_without_the_setting_a_socket_leaves_no_trace(self):
        async with self.client_of(PHONE) as client:
            number = await self.sent_to(client)
            client.send({"type": "read", "ids": [number]})
            await self.until_told(number, *PLAIN)
        self.assertEqual(await Delivery.objects.filter(traces=None).acount(), 1)


@override_settings(NOTIFICATIONS={"TRACE_DEVICES": True})
class HttpStoryTests(FeedTestCase):
    def setUp(self):
        super().setUp()
        self.number = self.ids[0]

    def test_acks_and_marks_over_the_feed_are_told_with_the_device_of_each(self):
        for agent, place in PLACES.items():
            with self.subTest(agent):
                forget_requests()
                number = notify(self.alice, "title").pk
                self.client.defaults.pop("HTTP_USER_AGENT", None)
                if agent:
                    self.client.defaults["HTTP_USER_AGENT"] = agent
                self.post("ack", ids=[number])
                self.assertEqual(told(number, self.alice), [f"{ARRIVED} {place}over HTTP."])
                self.post("seen-one", number)
                self.post("read", upto=number)
                steps = [f"{text} {place}over HTTP." for text in (ARRIVED, SEEN, READ)]
                self.assertEqual(told(number, self.alice), steps)

    def test_reading_a_list_over_the_feed_tells_of_nothing(self):
        before = told(self.number, self.alice)
        for name in ("list", "counts", "poll"):
            self.assertEqual(self.get(name).status_code, 200)
        self.assertEqual(told(self.number, self.alice), before)

    def test_the_inbox_tells_who_looks_at_it_and_who_reads_there(self):
        url = reverse("notifications:inbox")
        self.client.get(url, headers={"user-agent": PHONE})
        first = [f"{text} on a phone or tablet, over HTTP." for text in (ARRIVED, SEEN)]
        self.assertEqual(told(self.number, self.alice), first)
        sent = {"do": f"read {self.number}"}
        self.client.post(url, sent, headers={"user-agent": COMPUTER})
        last = f"{READ} on a computer, over HTTP."
        self.assertEqual(told(self.number, self.alice), [*first, last])

    def test_a_notification_that_was_marked_unread_is_told_as_read_where_it_is_read_next(self):
        for agent, verb in ((PHONE, "read-one"), (PHONE, "unread-one"), (COMPUTER, "read-one")):
            self.client.defaults["HTTP_USER_AGENT"] = agent
            self.post(verb, self.number)
            *_, last = told(self.number, self.alice)
            if verb == "unread-one":
                self.assertEqual(last, f"{SEEN} on a phone or tablet, over HTTP.")
        self.assertEqual(last, f"{READ} on a computer, over HTTP.")

    def test_code_of_the_site_is_told_from_devices(self):
        Delivery.objects.filter(recipient=self.alice).mark_read()
        steps = [f"{text} {SAID}" for text in PLAIN]
        self.assertEqual(told(self.number, self.alice), steps)

    def test_a_delivery_of_which_nothing_is_known_is_told_as_without_the_setting(self):
        mine = Delivery.objects.filter(recipient=self.alice)
        mine.mark_read()
        for traces in (None, 0, 0b0001_0010_0011):
            mine.update(traces=traces)
            self.assertEqual(told(self.number, self.alice), PLAIN)

    def test_the_story_is_told_in_the_language_of_the_reader(self):
        mine = Delivery.objects.filter(recipient=self.alice)
        mine.mark_delivered()
        mine.update(traces=pack(Door.HTTP, Device.PROGRAM))
        with translation.override("de"):
            self.assertEqual(
                told(self.number, self.alice), ["Sie war in einem Programm über HTTP angekommen."]
            )

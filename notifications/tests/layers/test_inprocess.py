import asyncio
import threading
import time

from channels.layers import InMemoryChannelLayer
from django.test import SimpleTestCase, override_settings

from notifications.layers import InProcessChannelLayer, get_hints_layer


class Ear:
    """What a subscription has heard."""

    def __init__(self):
        self.heard = []
        self._news = asyncio.Event()

    def __call__(self, group, payload):
        self.heard.append((group, payload))
        self._news.set()

    async def until(self, count):
        async with asyncio.timeout(10):
            while len(self.heard) < count:
                self._news.clear()
                await self._news.wait()


def ignore():
    pass


class InProcessChannelLayerTests(SimpleTestCase):
    @override_settings(CHANNEL_LAYERS={})
    async def test_a_site_without_a_channel_layer_hears_itself(self):
        layer, ear = get_hints_layer(), Ear()
        subscription = await layer.subscribe_hints(ear, ignore)
        await subscription.join(["a"])
        get_hints_layer().publish_hints([(b"1", ["a"])])
        await ear.until(1)
        await subscription.close()

    async def test_a_hint_is_heard_by_those_who_joined_its_group(self):
        layer, ear = InProcessChannelLayer(), Ear()
        subscription = await layer.subscribe_hints(ear, ignore)
        await subscription.join(["a", "b"])
        await subscription.leave(["b"])
        layer.publish_hints([(b"1", ["a", "b", "c"]), (b"2", ["a"])])
        await ear.until(2)
        self.assertEqual(ear.heard, [("a", b"1"), ("a", b"2")])
        await subscription.close()

    async def test_hints_published_by_other_threads_arrive_in_their_order(self):
        layer, ear = InProcessChannelLayer(), Ear()
        subscription = await layer.subscribe_hints(ear, ignore)
        await subscription.join(["a"])

        def publish(name):
            for number in range(500):
                layer.publish_hints([(b"%d %d" % (name, number), ["a"])])

        threads = [threading.Thread(target=publish, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        await ear.until(2000)
        for name in range(4):
            prefix = b"%d " % name
            numbers = [int(p.split()[1]) for _, p in ear.heard if p.startswith(prefix)]
            self.assertEqual(numbers, list(range(500)))
        await subscription.close()

    async def test_subscriptions_of_an_event_loop_that_is_gone_are_forgotten(self):
        layer = InProcessChannelLayer()

        async def subscribe():
            subscription = await layer.subscribe_hints(Ear(), ignore)
            await subscription.join(["a"])

        await asyncio.to_thread(asyncio.run, subscribe())
        layer.publish_hints([(b"1", ["a"])])
        self.assertEqual(layer._subscriptions, ())

    async def test_a_blocked_event_loop_keeps_the_newest_hints_and_no_more(self):
        layer, ear = InProcessChannelLayer(), Ear()
        subscription = await layer.subscribe_hints(ear, ignore)
        await subscription.join(["a"])
        layer.publish_hints([(b"%d" % n, ["a"]) for n in range(10_500)])
        await ear.until(10_000)
        self.assertEqual(ear.heard[-1], ("a", b"10499"))
        self.assertEqual(len(ear.heard), 10_000)
        await subscription.close()

    async def test_publishing_hints_takes_microseconds_and_no_event_loop(self):
        layer = InProcessChannelLayer()
        begun = time.perf_counter()
        await asyncio.to_thread(lambda: [layer.publish_hints([(b"1", ["a"])]) for _ in range(1000)])
        self.assertLess(time.perf_counter() - begun, 0.5)

    async def test_the_in_process_layer_sends_to_groups_as_the_stock_layer_does(self):
        for layer in (InProcessChannelLayer(capacity=2), InMemoryChannelLayer(capacity=2)):
            channel = await layer.new_channel()
            await layer.group_add("g", channel)
            for number in range(3):
                await layer.group_send("g", {"type": "x", "number": number})
            got = [(await layer.receive(channel))["number"] for _ in range(2)]
            self.assertEqual(got, [0, 1])

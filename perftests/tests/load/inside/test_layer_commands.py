import unittest

from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.contrib.auth.models import User
from django.test import SimpleTestCase, TestCase, override_settings, tag

from notifications.fanout import signed_out
from notifications.layers import InProcessChannelLayer, get_hints_layer
from notifications.tests.services import PrivateRedis, redis_is_installed
from perftests.load.inside.layer_commands import counting

IN_MEMORY = {"default": {"BACKEND": "notifications.layers.InProcessChannelLayer"}}
STOCK = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
class CommandsInMemoryTests(TestCase):
    def test_each_group_that_is_published_to_is_a_hint(self):
        with counting() as counter:
            get_hints_layer().publish_hints([(b"a", ["one", "two"]), (b"b", ["one"])])
        self.assertEqual(counter.commands, {"publish_hints": 1, "hint to a group": 3})

    def test_a_command_comes_from_the_line_of_the_product_that_gives_it(self):
        user = User.objects.create(username="ada")
        with counting() as counter:
            signed_out(user)
        self.assertRegex(counter.origins["publish_hints"], r"^notifications/sending/\w+\.py:\d+$")

    def test_after_the_block_the_layer_is_as_it_was(self):
        method, own = InProcessChannelLayer.publish_hints, dict(vars(InProcessChannelLayer))
        with counting() as counter:
            self.assertIsNot(InProcessChannelLayer.publish_hints, method)
        get_hints_layer().publish_hints([(b"a", ["one"])])
        self.assertEqual(dict(vars(InProcessChannelLayer)), own)
        self.assertEqual(counter.commands, {})


@override_settings(CHANNEL_LAYERS=STOCK)
class StockCommandsTests(SimpleTestCase):
    async def test_a_stock_layer_is_asked_as_before_while_its_commands_are_counted(self):
        layer = get_channel_layer()
        with counting() as counter:
            await layer.group_add("group", "channel")
            await layer.group_send("group", {"type": "hello"})
            received = await layer.receive("channel")
        self.assertIsInstance(layer, InMemoryChannelLayer)
        self.assertEqual(received, {"type": "hello"})
        self.assertEqual(counter.commands, {"group_add": 1, "group_send": 1, "send": 1})


@tag("slow")
@unittest.skipUnless(redis_is_installed(), "no redis-server on the path")
class RedisCommandsTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        service = cls.enterClassContext(PrivateRedis())
        layer = {
            "BACKEND": "notifications.layers.RedisChannelLayer",
            "CONFIG": {"hosts": [service.url]},
        }
        cls.enterClassContext(override_settings(CHANNEL_LAYERS={"default": layer}))

    def test_each_command_of_a_pipeline_is_counted(self):
        publish = get_hints_layer().publish_hints
        publish([(b"a", ["one"])])  # which connects
        with counting() as counter:
            publish([(b"a", ["one", "two"])])
        self.assertEqual(counter.commands, {"PUBLISH": 2})

    async def test_a_subscription_to_many_groups_is_one_command(self):
        subscription = await get_hints_layer().subscribe_hints(lambda *hint: None, lambda: None)
        await subscription.join(["one"])
        with counting() as counter:
            await subscription.join(["two", "three"])
        await subscription.close()
        self.assertEqual(counter.commands, {"SUBSCRIBE": 1})

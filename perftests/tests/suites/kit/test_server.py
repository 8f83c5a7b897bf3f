from channels.layers import get_channel_layer
from django.conf import settings
from django.test import SimpleTestCase, override_settings

from perftests.suites.kit.server import private_layer

REDIS = {
    "default": {
        "BACKEND": "notifications.layers.RedisChannelLayer",
        "CONFIG": {"hosts": ["redis://127.0.0.1:6379/5"]},
    }
}


class PrivateLayerTests(SimpleTestCase):
    @override_settings(CHANNEL_LAYERS=REDIS)
    def test_a_shared_redis_gets_a_prefix_that_only_this_process_knows(self):
        with private_layer():
            prefix = settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"]
            self.assertRegex(prefix, r"^perf-[0-9a-f]{16}$")
            self.assertEqual(get_channel_layer().prefix, prefix)
        self.assertEqual(settings.CHANNEL_LAYERS, REDIS)

    def test_a_layer_without_hosts_is_left_as_it_is(self):
        layers = {"default": {"BACKEND": "notifications.layers.InProcessChannelLayer"}}
        with override_settings(CHANNEL_LAYERS=layers), private_layer():
            self.assertEqual(settings.CHANNEL_LAYERS, layers)

from importlib import reload

from channels.exceptions import InvalidChannelLayerError
from django.conf import settings
from django.test import SimpleTestCase

from notifications import routing


class RoutingTests(SimpleTestCase):
    def test_a_server_whose_channel_layer_cannot_be_made_says_so_at_its_start(self):
        layer = {"default": {"BACKEND": "notifications.layers.NoSuchLayer"}}
        with (
            self.settings(CHANNEL_LAYERS=layer),
            self.assertRaisesMessage(InvalidChannelLayerError, "NoSuchLayer"),
        ):
            reload(routing)

    def test_a_server_has_the_route_of_the_websocket_with_a_channel_layer_or_without(self):
        for layers in (settings.CHANNEL_LAYERS, {}):
            with self.settings(CHANNEL_LAYERS=layers):
                [route] = reload(routing).websocket_urlpatterns
            self.assertEqual(str(route.pattern), "ws/notifications/")

from importlib import reload

from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase

from notifications import routing


class RoutingTests(SimpleTestCase):
    def test_a_server_without_a_channel_layer_says_at_its_start_what_to_write(self):
        with (
            self.settings(CHANNEL_LAYERS={}),
            self.assertRaisesMessage(ImproperlyConfigured, "write CHANNEL_LAYERS = {"),
        ):
            reload(routing)

    def test_a_server_with_a_channel_layer_has_the_route_of_the_websocket(self):
        self.assertEqual(str(reload(routing).websocket_urlpatterns[0].pattern), "ws/notifications/")

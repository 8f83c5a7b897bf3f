from django.test import TransactionTestCase, override_settings

from notifications.layers import get_hints_layer
from notifications.send import notify

from ..users import make_user

LAYER = {"default": {"BACKEND": "notifications.testing.RecordingChannelLayer"}}


@override_settings(CHANNEL_LAYERS=LAYER)
class RecordingLayerTests(TransactionTestCase):
    def test_the_recording_layer_keeps_what_was_published_with_its_groups(self):
        ada = make_user("ada")
        notify(ada, "Hello")
        [(payload, groups)] = get_hints_layer().published
        self.assertIn(b"Hello", payload)
        self.assertEqual(len(groups), 1)

"""Hear what is published, as a hub does: over the layer's own subscription."""

import asyncio

from django.test import override_settings

from notifications.layers import InProcessChannelLayer, get_hints_layer
from notifications.wire import hints


class CountingLayer(InProcessChannelLayer):
    """The in-process layer, which also keeps how many hints each publish had."""

    def __init__(self, **config):
        super().__init__(**config)
        self.publishes = []

    def publish_hints(self, batch):
        self.publishes.append(len(batch))
        super().publish_hints(batch)


class BrokenLayer(InProcessChannelLayer):
    """A layer whose server is down."""

    def publish_hints(self, batch):
        raise ConnectionError("nobody answers")


counting_layer = override_settings(
    CHANNEL_LAYERS={"default": {"BACKEND": "notifications.tests.listening.CountingLayer"}}
)
broken_layer = override_settings(
    CHANNEL_LAYERS={"default": {"BACKEND": "notifications.tests.listening.BrokenLayer"}}
)


class Listener:
    """Subscribes to groups from sync code, on an event loop of its own."""

    def __init__(self, *groups):
        self._loop = asyncio.new_event_loop()
        self._heard = []
        self._subscription = self._run(get_hints_layer().subscribe_hints(self._hear, lambda: None))
        self._run(self._subscription.join(groups))

    def heard(self):
        """Each (group, hint) that was published so far."""
        self._run(asyncio.sleep(0))
        return list(self._heard)

    def close(self):
        self._run(self._subscription.close())
        self._loop.close()

    def _hear(self, group, payload):
        self._heard.append((group, hints.decode(payload)))

    def _run(self, coroutine):
        return self._loop.run_until_complete(coroutine)


class ListeningMixin:
    """For test cases: `self.listen(...)` with a layer that counts."""

    def setUp(self):
        super().setUp()
        counting_layer.enable()
        self.addCleanup(counting_layer.disable)

    def listen(self, *groups):
        listener = Listener(*groups)
        self.addCleanup(listener.close)
        return listener

    @property
    def publishes(self):
        return get_hints_layer().publishes

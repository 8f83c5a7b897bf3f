import asyncio
import threading
import time
from unittest import mock

from django.db import OperationalError
from django.test import SimpleTestCase, TestCase, override_settings

from notifications.health import probes

from ..listening import broken_layer


class ProbeTests(TestCase):
    def test_a_database_and_a_layer_that_answer_have_no_problem(self):
        with override_settings(
            CHANNEL_LAYERS={"default": {"BACKEND": "notifications.layers.InProcessChannelLayer"}}
        ):
            self.assertEqual((probes.database_problem(), probes.layer_problem()), ("", ""))

    def test_a_database_that_is_away_is_a_problem_in_its_own_words(self):
        away = OperationalError("no\n  connection")
        with mock.patch.object(probes, "newest_id", side_effect=away):
            self.assertEqual(probes.database_problem(), "no connection")

    @broken_layer
    def test_a_layer_that_is_away_is_a_problem_in_its_own_words(self):
        self.assertEqual(probes.layer_problem(), "nobody answers")


class LagTests(SimpleTestCase):
    def setUp(self):
        self.loop = asyncio.new_event_loop()
        thread = threading.Thread(target=self.loop.run_forever)
        thread.start()
        self.addCleanup(self.loop.close)
        self.addCleanup(thread.join)
        self.addCleanup(self.loop.call_soon_threadsafe, self.loop.stop)
        served = mock.patch.object(probes, "hubs", return_value=[(self.loop, None)])
        self.enterContext(served)

    def test_a_loop_that_is_busy_lags_by_as_long_as_it_is(self):
        self.loop.call_soon_threadsafe(time.sleep, 0.2)
        self.assertGreater(probes.lag_seconds(), 0.05)

    def test_a_loop_that_does_not_answer_is_waited_for_until_the_limit(self):
        release = threading.Event()
        self.loop.call_soon_threadsafe(release.wait)
        with mock.patch.object(probes, "LAG_LIMIT_SECONDS", 0.05):
            self.assertGreaterEqual(probes.lag_seconds(), 0.05)
        release.set()

    def test_a_process_without_a_hub_does_not_lag(self):
        with mock.patch.object(probes, "hubs", list):
            self.assertEqual(probes.lag_seconds(), 0)

import threading
from types import SimpleNamespace
from unittest import mock

from django.test import SimpleTestCase, override_settings

from notifications.layers.breaker import CircuitBreaker, LayerUnavailable
from notifications.layers.outage import Outage

from ..waiting import wait_until

BREAKER_SECONDS = 0.2
QUICK = override_settings(NOTIFICATIONS={"BREAKER_SECONDS": BREAKER_SECONDS})


class BreakerTestCase(SimpleTestCase):
    """The clock of the breaker is the tests': on a busy machine a pause may be over too soon."""

    def setUp(self):
        self.now = 0.0
        clock = SimpleNamespace(monotonic=lambda: self.now)
        self.enterContext(mock.patch("notifications.layers.breaker.time", clock))
        self.breaker = CircuitBreaker(Outage(), "publish")
        self.calls = 0

    def ask(self, error=None):
        with self.breaker.attempt():
            self.calls += 1
            if error:
                raise error

    def fail(self):
        with (
            self.assertLogs("notifications.layers", "WARNING"),
            self.assertRaises(LayerUnavailable),
        ):
            self.ask(OSError("down"))

    def let_the_pause_pass(self):
        self.now += BREAKER_SECONDS


@QUICK
class CircuitBreakerTests(BreakerTestCase):
    def test_any_error_of_a_layer_is_raised_as_layer_unavailable(self):
        error = ValueError("no scheme")
        with (
            self.assertLogs("notifications.layers", "WARNING") as logs,
            self.assertRaises(LayerUnavailable) as raised,
        ):
            self.ask(error)
        self.assertIs(raised.exception.__cause__, error)
        self.assertIn("ValueError: no scheme", logs.output[0])

    def test_a_layer_that_failed_is_not_asked_for_a_while(self):
        self.fail()
        for _ in range(5):
            with self.assertRaises(LayerUnavailable):
                self.ask()
        self.assertEqual(self.calls, 1)

    def test_a_layer_that_failed_after_a_long_wait_is_not_asked_again_at_once(self):
        with self.assertLogs("notifications.layers", "WARNING"):
            with self.assertRaises(LayerUnavailable), self.breaker.attempt():
                self.now += 1.5 * BREAKER_SECONDS
                raise TimeoutError
            with self.assertRaises(LayerUnavailable):
                self.ask()
        self.assertEqual(self.calls, 0)

    def test_a_layer_is_asked_again_after_the_pause_and_its_recovery_is_logged(self):
        self.fail()
        self.let_the_pause_pass()
        with self.assertLogs("notifications.layers", "WARNING") as logs:
            self.ask()
            self.ask()
        self.assertEqual((self.calls, len(logs.records)), (3, 1))
        self.assertIn("Hints come through again", logs.output[0])

    def test_of_many_callers_after_the_pause_one_asks_the_layer_and_the_others_go_on(self):
        self.fail()
        self.let_the_pause_pass()
        hanging, refused = threading.Event(), []

        def hang():
            with self.breaker.attempt():
                self.calls += 1
                hanging.wait(10)

        def come():
            try:
                hang()
            except LayerUnavailable:
                refused.append(1)

        threads = [threading.Thread(target=come) for _ in range(10)]
        with self.assertLogs("notifications.layers", "WARNING"):
            for thread in threads:
                thread.start()
            wait_until(lambda: len(refused) == 9, "nine refusals")
            hanging.set()
            for thread in threads:
                thread.join()
        self.assertEqual((len(refused), self.calls), (9, 2))

    def test_a_layer_that_is_known_to_work_again_is_asked_at_once(self):
        self.fail()
        with self.assertLogs("notifications.layers", "WARNING"):
            self.breaker.reset()
        self.ask()
        self.assertEqual(self.calls, 2)


class OutageTests(SimpleTestCase):
    def test_an_outage_is_logged_when_it_begins_and_when_its_last_part_works(self):
        outage = Outage()
        with self.assertLogs("notifications.layers", "WARNING") as logs:
            outage.ended("hear")
            outage.began("hear", OSError("refused"))
            outage.began("publish", "no answer")
            outage.began("hear", OSError("refused"))
            outage.ended("hear")
            self.assertEqual(len(logs.records), 1)
            self.assertTrue(outage.has("publish"))
            outage.ended("publish")
            outage.ended("publish")
        self.assertEqual(len(logs.records), 2)
        self.assertIn("Hints do not come through", logs.output[0])
        self.assertIn("OSError: refused", logs.output[0])
        self.assertIn("Hints come through again, after 0.0 seconds", logs.output[1])

    def test_a_subscription_closed_in_an_outage_hides_no_later_outage(self):
        outage = Outage()
        with self.assertLogs("notifications.layers", "WARNING") as logs:
            outage.began("hear", "first")
            outage.abandon("hear")
            outage.began("publish", "second")
            outage.ended("publish")
        self.assertEqual(len(logs.records), 3)
        self.assertFalse(outage.has("hear"))

    def test_subscriptions_that_come_and_go_in_an_outage_log_it_once(self):
        outage = Outage()
        with self.assertLogs("notifications.layers", "WARNING") as logs:
            for _ in range(3):
                outage.began("hear", "no answer")
                outage.abandon("hear")
                self.assertTrue(outage.has("hear"))
            outage.began("hear", "no answer")
            outage.ended("hear")
        self.assertEqual(len(logs.records), 2)

    def test_an_outage_by_an_error_without_words_names_the_type_of_the_error(self):
        with self.assertLogs("notifications.layers", "WARNING") as logs:
            Outage().began("hear", TimeoutError())
        self.assertTrue(logs.output[0].endswith("TimeoutError"))

    def test_the_words_of_a_server_stay_on_one_line_of_the_log(self):
        with self.assertLogs("notifications.layers", "WARNING") as logs:
            Outage().began("hear", OSError("refused: PUBLISH a\nb\x1b[31m\0"))
        self.assertTrue(logs.output[0].endswith("OSError: refused: PUBLISH a b [31m "))

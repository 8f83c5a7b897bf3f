"""When the JavaScript client leaves, stays away, and comes back."""

import re

from notifications.wire import protocol
from notifications.wire.protocol import CloseCode

from ..browser import needs_browser
from ..page import PageTestCase, client_source, notification

STAY_AWAY = (4400, 4401, 4403, 4429, 1008)


@needs_browser
class PageReconnectingTests(PageTestCase):
    def test_the_client_reconnects_after_the_close_codes_that_mean_it(self):
        self.connect()
        for code in sorted(protocol.RECONNECT_CODES - {1006}):
            with self.subTest(code=code):
                connections = len(self.server.sockets)
                self.server.close(code)
                self.until_status("waiting")
                self.assertEqual(self.events("status")[-1]["code"], code)
                self.pass_time(1)
                self.until_sockets(connections + 1)
                self.until_status("open")

    def test_the_client_knows_the_same_codes_to_reconnect_after_as_the_server(self):
        listed = re.search(r"RECONNECT_CODES = new Set\(\[([\d, ]+)\]\)", client_source())
        codes = {int(code) for code in listed[1].split(",")}
        self.assertEqual(codes, protocol.RECONNECT_CODES)

    def test_the_client_stays_away_after_other_close_codes_and_says_which(self):
        for number, code in enumerate(STAY_AWAY, start=1):
            with self.subTest(code=code):
                self.connect()
                self.server.close(code)
                self.until_status("stopped")
                self.assertEqual(self.events("status")[-1]["code"], code)
                self.call("window.dispatchEvent(new Event('online'))")
                self.call("window.dispatchEvent(new Event('pagehide'))")
                self.call("window.dispatchEvent(new Event('pageshow'))")
                self.pass_time(600)
                self.assertEqual(self.status(), "stopped")
                self.assertEqual(len(self.server.sockets), number)

    def test_a_tab_that_made_room_comes_back_when_somebody_turns_to_it(self):
        self.connect()
        for number, turn in enumerate(
            (
                "window.dispatchEvent(new Event('focus'))",
                "window.dispatchEvent(new Event('pointerdown'))",
                "window.dispatchEvent(new Event('keydown'))",
                "document.dispatchEvent(new Event('visibilitychange'))",
            ),
            start=2,
        ):
            with self.subTest(turn):
                self.server.close(CloseCode.TOO_MANY_SOCKETS)
                self.until_status("stopped")
                self.call(turn)
                self.until_sockets(number)
                self.until_status("open")

    def test_a_tab_that_made_room_stays_away_while_nobody_sees_it(self):
        self.connect()
        self.server.close(CloseCode.TOO_MANY_SOCKETS)
        self.until_status("stopped")
        self.call("Object.defineProperty(document, 'hidden', { value: true })")
        self.call("document.dispatchEvent(new Event('visibilitychange'))")
        self.pass_time(600)
        self.assertEqual((self.status(), len(self.server.sockets)), ("stopped", 1))

    def test_a_client_stopped_by_any_other_code_does_not_come_back_by_a_look_at_it(self):
        for number, code in enumerate(set(STAY_AWAY) - {CloseCode.TOO_MANY_SOCKETS}, start=1):
            with self.subTest(code):
                self.connect()
                self.server.close(code)
                self.until_status("stopped")
                self.call("window.dispatchEvent(new Event('focus'))")
                self.pass_time(600)
                self.assertEqual((self.status(), len(self.server.sockets)), ("stopped", number))

    def test_the_client_waits_longer_after_each_failure_up_to_a_limit(self):
        self.connect(retry=[1, 1])
        self.server.hello = None
        self.server.close(1012)
        for number, seconds in enumerate((1, 2, 4, 8, 16, 16), start=2):
            self.until_status("waiting")
            self.pass_time(seconds - 0.01)
            self.assertEqual(self.status(), "waiting")
            self.pass_time(0.01)
            self.until_sockets(number)
            self.server.close(1012)

    def test_the_client_picks_its_wait_out_of_the_range_in_the_hello(self):
        self.connect(retry=[2, 4])
        self.call("Math.random = () => 0.5")
        self.server.close(1001)
        self.until_status("waiting")
        self.pass_time(2.99)
        self.assertEqual(self.status(), "waiting")
        self.pass_time(0.01)
        self.until_status("open")

    def test_the_client_reconnects_at_once_when_the_network_is_back(self):
        self.connect(retry=[60, 60])
        self.server.close(1012)
        self.until_status("waiting")
        self.call("window.dispatchEvent(new Event('online'))")
        self.until_status("open")

    def test_the_client_pings_and_stays_while_it_is_answered(self):
        self.connect()
        for number in range(1, 4):
            self.pass_time(25)
            self.settle()
            self.assertEqual(len(self.server.of("ping")), number)
        self.assertEqual(len(self.server.sockets), 1)

    def test_the_client_leaves_a_connection_that_gives_no_pong(self):
        self.connect()
        self.server.answers_pings = False
        self.pass_time(25)
        self.until(lambda: self.server.of("ping"), "a ping")
        self.pass_time(9.9)
        self.assertEqual(self.status(), "open")
        self.pass_time(0.1)
        self.assertEqual(self.status(), "waiting")
        self.pass_time(1)
        self.until_status("open")
        self.assertEqual(len(self.server.sockets), 2)

    def test_the_client_leaves_a_server_that_does_not_greet(self):
        self.server.hello = None
        self.call("client.connect()")
        self.until_sockets(1)
        self.pass_time(29.9)
        self.assertEqual(self.status(), "connecting")
        self.pass_time(0.1)
        self.assertEqual(self.status(), "waiting")

    def test_the_client_closes_when_its_page_is_put_away_and_comes_back_with_it(self):
        self.connect(window=8)
        self.server.send(notification(1))
        self.until_shown(1)
        self.call("window.dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
        self.until(lambda: self.server.of("ack"), "the acks that were due")
        self.assertEqual(self.status(), "closed")
        self.pass_time(600)
        self.assertEqual(len(self.server.sockets), 1)
        self.call("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
        self.until_sockets(2)
        self.until_status("open")

    def test_the_client_stays_away_after_it_was_closed_by_the_page(self):
        self.connect()
        self.call("client.close()")
        self.call("window.dispatchEvent(new Event('online'))")
        self.call("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
        self.pass_time(600)
        self.assertEqual(self.status(), "closed")
        self.assertEqual(len(self.server.sockets), 1)

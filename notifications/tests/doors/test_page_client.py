"""The JavaScript client in a real browser; its server and its clock belong to the tests."""

import json
import re

from notifications.conf import Settings
from notifications.wire import protocol
from notifications.wire.protocol import CloseCode

from ..browser import needs_browser
from ..page import PageTestCase, client_source, notification

STAY_AWAY = (4400, 4401, 4403, 4429, 1008)


@needs_browser
class PageClientTests(PageTestCase):
    def test_the_client_acknowledges_half_a_window_at_once(self):
        self.connect(window=8)
        self.server.send(*map(notification, range(1, 5)))
        self.until(lambda: self.server.of("ack"), "an ack")
        self.assertEqual(self.server.of("ack"), [{"type": "ack", "ids": [1, 2, 3, 4]}])

    def test_the_client_acknowledges_fewer_after_half_a_second_at_the_earliest(self):
        self.check_ack_after(0.5, chance=0)

    def test_the_client_acknowledges_fewer_after_a_second_at_the_latest(self):
        self.check_ack_after(1, chance=0.999999)

    def check_ack_after(self, seconds, chance):
        self.connect(window=8)
        self.call(f"Math.random = () => {chance}")
        self.server.send({"type": "batch", "items": [notification(1), notification(2)]})
        self.until_shown(1, 2)
        self.pass_time(seconds - 0.1)
        self.settle()
        self.assertEqual(self.server.of("ack"), [])
        self.pass_time(0.1)
        self.until(lambda: self.server.of("ack"), "an ack")
        self.assertEqual(self.server.of("ack"), [{"type": "ack", "ids": [1, 2]}])

    def test_a_duplicate_is_acknowledged_and_shown_once_even_after_reconnecting(self):
        self.connect(window=2)
        self.server.send(notification(1))
        self.until(lambda: len(self.server.of("ack")) == 1, "an ack")
        self.server.send(notification(1))
        self.until(lambda: len(self.server.of("ack")) == 2, "an ack of the duplicate")
        self.server.close(CloseCode.RESTART)
        self.until_status("waiting")
        self.pass_time(1)
        self.until_status("open")
        self.server.send(notification(1), notification(2))
        self.until(lambda: len(self.server.of("ack")) == 4, "acks on the new connection")
        self.assertEqual(self.shown(), [1, 2])

    def test_the_client_acknowledges_no_notification_on_another_connection_than_its_own(self):
        self.connect(window=8)
        self.server.send(notification(1))
        self.until_shown(1)
        self.server.close(1012)
        self.until_status("waiting")
        self.pass_time(1)
        self.until_status("open")
        self.server.send(notification(2))
        self.until_shown(1, 2)
        self.pass_time(1)
        self.until(lambda: self.server.of("ack"), "an ack")
        self.assertEqual(self.server.of("ack"), [{"type": "ack", "ids": [2]}])

    def test_the_client_hands_on_new_words_and_counts_and_acknowledges_nothing(self):
        self.connect(window=8)
        edited = notification(1) | {"title": "New", "edited_at": "2026-01-31T12:05:00Z"}
        self.server.send({"type": "edited", "item": edited})
        self.until(lambda: self.events("edited"), "the edit")
        self.pass_time(1)
        self.settle()
        self.assertEqual(self.events("edited")[0]["title"], "New")
        self.assertEqual((self.shown(), self.server.of("ack")), ([], []))

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

    def test_the_client_tells_the_server_what_the_user_did(self):
        self.connect()
        self.call("client.seen([1]); client.read([2, 3]); client.archive([4]); client.readAll(5)")
        self.until(lambda: len(self.server.frames) == 4, "four frames")
        self.assertEqual(
            self.server.frames,
            [
                {"type": "seen", "ids": [1]},
                {"type": "read", "ids": [2, 3]},
                {"type": "archive", "ids": [4]},
                {"type": "read_all", "upto": 5},
            ],
        )
        for frame in self.server.frames:
            protocol.decode(json.dumps(frame), Settings().MAX_FRAME_BYTES)

    def test_the_client_tells_later_what_the_user_did_without_a_connection(self):
        self.connect()
        self.server.close(1012)
        self.until_status("waiting")
        self.call("client.read([2]); client.read([2, 3])")
        self.pass_time(1)
        self.until(lambda: self.server.of("read"), "the marks")
        self.assertEqual(self.server.of("read"), [{"type": "read", "ids": [2, 3]}])

    def test_the_client_sends_no_frame_that_is_too_big_for_the_server(self):
        self.connect()
        self.call("client.read(Array.from({ length: 1001 }, (_, i) => 9007199254739990 - i))")
        self.until(lambda: len(self.server.of("read")) == 3, "three frames")
        for frame in self.server.of("read"):
            text = json.dumps(frame, separators=(",", ":"))
            protocol.decode(text, Settings().MAX_FRAME_BYTES)
        self.assertEqual(sum(len(frame["ids"]) for frame in self.server.of("read")), 1001)

    def test_the_client_adds_arrivals_above_the_newest_id_that_the_server_counted(self):
        self.connect(unread=7, upto=2)
        self.server.send({"type": "batch", "items": [notification(1), notification(2)]})
        self.until_shown(1, 2)
        self.assertEqual(self.unread(), 7)
        self.server.send(notification(3))
        self.until_shown(1, 2, 3)
        self.assertEqual(self.unread(), 8)
        self.server.send(notification(3), {"type": "state", "unread": 5, "upto": 3, "read": [1]})
        self.until(lambda: self.unread() == 5, "the server's count")
        state = {"type": "state", "unread": 5, "seen": [], "read": [1], "archived": []}
        self.assertEqual(self.events("state")[-1], state)

    def test_a_deleted_notification_counts_no_more_and_is_shown_again_if_sent_anew(self):
        self.connect(unread=1, upto=1)
        self.server.send(notification(2), notification(3))
        self.until_shown(2, 3)
        self.server.send({"type": "state", "unread": 2, "upto": 2, "deleted": [3]})
        self.until(lambda: self.unread() == 2, "the server's count")
        self.server.send(notification(3))
        self.until_shown(2, 3, 3)
        self.assertEqual(self.unread(), 3)

    def test_notifications_live_in_the_middle_of_a_replay_are_counted_in_any_order(self):
        self.connect(unread=3, upto=3)
        for number in (1, 5, 2, 4, 3, 5):
            self.server.send(notification(number))
        self.until_shown(1, 5, 2, 4, 3)
        self.assertEqual(self.unread(), 5)

    def test_a_count_that_was_taken_before_an_arrival_does_not_lose_the_arrival(self):
        self.connect(unread=1, upto=1)
        self.server.send(notification(2), {"type": "state", "unread": 1, "upto": 1, "seen": [1]})
        self.until(lambda: self.events("state")[-1]["seen"] == [1], "the state")
        self.assertEqual(self.unread(), 2)

    def test_a_notification_that_a_count_includes_before_it_arrives_is_not_counted_twice(self):
        self.connect(unread=0, upto=0)
        self.server.send({"type": "state", "unread": 1, "upto": 1}, notification(1))
        self.until_shown(1)
        self.assertEqual(self.unread(), 1)

    def test_notifications_sent_again_on_a_new_connection_are_not_counted_again(self):
        self.connect(unread=0, upto=0, retry=[1, 1])
        self.server.send(notification(1), notification(2))
        self.until_shown(1, 2)
        self.server.hello |= {"unread": 2, "upto": 2}
        self.server.close(1012)
        self.until_status("waiting")
        self.pass_time(1)
        self.until_status("open")
        self.server.send({"type": "batch", "items": [notification(1), notification(2)]})
        self.server.send(notification(3))
        self.until_shown(1, 2, 3)
        self.assertEqual(self.unread(), 3)

    def reconnect(self):
        self.server.close(1012)
        self.until_status("waiting")
        self.pass_time(1)
        self.until_status("open")

    def test_the_client_forgets_the_ids_of_another_epoch_and_what_was_done_to_them(self):
        self.connect()
        self.server.send(notification(1))
        self.until_shown(1)
        self.server.hello |= {"epoch": "b", "unread": 1, "upto": 1}
        self.server.close(1012)
        self.until_status("waiting")
        self.call("client.read([1]); client.readAll(1)")
        self.pass_time(1)
        self.until_status("open")
        self.server.send(notification(1), notification(2))
        self.until_shown(1, 1, 2)
        self.assertEqual(self.unread(), 2)
        self.settle()
        self.assertEqual(self.server.of("read") + self.server.of("read_all"), [])

    def test_the_client_keeps_its_ids_over_a_reconnect_in_the_same_epoch(self):
        self.connect()
        self.server.send(notification(1))
        self.until_shown(1)
        self.reconnect()
        self.server.send(notification(1), notification(2))
        self.until_shown(1, 2)

    def test_an_id_that_comes_with_another_time_is_another_notification(self):
        self.connect()
        old = {"created_at": "2026-01-01T00:00:00Z"}
        self.server.send(*[notification(number) | old for number in (1, 2, 1)])
        self.until_shown(1, 2)
        new = {"created_at": "2026-02-02T00:00:00Z"}
        self.server.send(*[notification(number) | new for number in (2, 1, 2)])
        self.until_shown(1, 2, 2, 1)

    def test_the_client_asks_to_load_the_list_after_each_hello_and_each_resync(self):
        self.connect()
        self.assertEqual(len(self.events("resync")), 1)
        self.server.send({"type": "resync"})
        self.until(lambda: len(self.events("resync")) == 2, "a resync")
        self.server.close(1012)
        self.until_status("waiting")
        self.pass_time(1)
        self.until(lambda: len(self.events("resync")) == 3, "a resync after the reconnect")

    def test_the_client_overlooks_frames_of_types_it_does_not_know(self):
        self.connect()
        self.server.send({"type": "weather", "sky": "blue"}, notification(1))
        self.until_shown(1)

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

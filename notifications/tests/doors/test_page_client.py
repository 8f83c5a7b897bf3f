"""The JavaScript client in a real browser; its server and its clock belong to the tests."""

import json

from notifications.conf import Settings
from notifications.wire import protocol
from notifications.wire.protocol import CloseCode

from ..browser import needs_browser
from ..page import PageTestCase, notification


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

    def test_the_client_overlooks_frames_of_types_it_does_not_know(self):
        self.connect()
        self.server.send({"type": "weather", "sky": "blue"}, notification(1))
        self.until_shown(1)

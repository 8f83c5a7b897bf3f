"""What the JavaScript client counts and remembers over its connections."""

from ..browser import needs_browser
from ..page import PageTestCase, notification


@needs_browser
class PageCountTests(PageTestCase):
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
